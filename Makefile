# Every target is a face of infra/dev.py, which does its own set-up. Options go in ARGS.
PYTHON ?= python3
DEV = $(PYTHON) infra/dev.py

.PHONY: demo test check serve train sweep bench evaluate stage plan deploy destroy iam

demo: ## replay real events and show recommendations: INPUT=… STACK=embedded|emulators ARGS=…
	$(DEV) demo $(if $(INPUT),--input '$(INPUT)') $(if $(STACK),--stack $(STACK)) $(ARGS)

test:
	$(DEV) test -- $(ARGS)

check serve train sweep bench evaluate stage:
	$(DEV) $@ $(ARGS)

# PROJECT=… REGION=… ENVIRONMENT=staging|production ARGS=…; plan without PROJECT, and iam, need no account
plan deploy destroy iam:
	$(DEV) $@ $(if $(PROJECT),--project '$(PROJECT)') $(if $(REGION),--region '$(REGION)') $(if $(ENVIRONMENT),--environment '$(ENVIRONMENT)') $(ARGS)
