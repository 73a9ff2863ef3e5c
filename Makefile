# Every target is a face of infra/dev.py, which does its own set-up. Options go in ARGS.
PYTHON ?= python3
DEV = $(PYTHON) infra/dev.py

.PHONY: demo test check serve train sweep bench evaluate stage

demo: ## replay real events and show recommendations: INPUT=… STACK=embedded|emulators ARGS=…
	$(DEV) demo $(if $(INPUT),--input '$(INPUT)') $(if $(STACK),--stack $(STACK)) $(ARGS)

test:
	$(DEV) test -- $(ARGS)

check serve train sweep bench evaluate stage:
	$(DEV) $@ $(ARGS)
