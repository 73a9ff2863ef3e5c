#!/usr/bin/env bash
# Build and push the image of every staged function, and write down their digests for Terraform and the release:
#   images.sh REGISTRY TAG BASE INTO
#   REGISTRY  such as europe-west1-docker.pkg.dev/PROJECT/attune
#   TAG       what the images of this release are called, besides by their digests: the commit
#   BASE      the Python image; which digest it has now, all images of the release have
#   INTO      the file to write: {"images": {"collect": "REGISTRY/collect@sha256:…", …}}
set -euo pipefail
registry=$1 tag=$2 base=$3 into=$4
cd "$(dirname "$0")/../.."
export DOCKER_BUILDKIT=1
logs=$(mktemp -d)

docker pull --quiet "$base"
base=$(docker inspect --format '{{index .RepoDigests 0}}' "$base")
echo "base: $base"

make_image() {
  local function=$1 image=$registry/$1:$tag
  docker build --quiet --file infra/deploy/Dockerfile --tag "$image" --build-arg "BASE=$base" \
    --build-arg "FUNCTION=$function" --build-arg "COMMIT=$tag" --label "org.opencontainers.image.revision=$tag" \
    --label "org.opencontainers.image.base.name=$base" "build/$function"
  docker push --quiet "$image"
  # An image may carry the digests of other registries, too.
  docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" \
    | grep --max-count=1 "^$registry/$function@sha256:" > "$logs/$function.digest"
}

names=()
processes=()
for folder in build/*/; do
  name=$(basename "$folder")
  make_image "$name" > "$logs/$name" 2>&1 &
  names+=("$name")
  processes+=($!)
done

failed=()
for number in "${!names[@]}"; do
  wait "${processes[$number]}" || failed+=("${names[$number]}")
  sed "s/^/${names[$number]}: /" "$logs/${names[$number]}"
done
if ((${#failed[@]})); then
  echo "error: no image of ${failed[*]}" >&2
  exit 1
fi

separator=
{
  printf '{"images": {'
  for name in "${names[@]}"; do
    printf '%s\n  "%s": "%s"' "$separator" "$name" "$(cat "$logs/$name.digest")"
    separator=,
  done
  printf '\n}}\n'
} > "$into"
cat "$into"
