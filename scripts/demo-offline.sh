#!/usr/bin/env bash
# The main job from end to end in a directory of its own: make a key, build the root delegation of
# its namespace, read what it says, sign it, have openssl check the signature, export what a node takes.
set -euo pipefail
program="$(cd "$(dirname "$0")/.." && pwd)/dist/cantosign.mjs"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  "$@"
}
cantosign() { node "$program" "$@"; }

say '1. Make an Ed25519 key. This demo leaves it unencrypted; yours gets a passphrase.'
run cantosign key generate --key-spec ed25519 --no-encrypt -o root.der
run cantosign key convert root.der --to spki-der -o root.pub.der

say '2. Build the root delegation: the transaction that founds the namespace of this key.'
run cantosign build root-delegation --namespace-key root.pub.der \
  --requested-by 'the demo' --reason 'found a namespace' -o namespace.cantosign.json --quiet

say '3. Read what a signature over it would authorize.'
run cantosign inspect namespace.cantosign.json

say '4. Sign it. At a terminal you would type the end of the hash; --yes stands for that here.'
run cantosign sign namespace.cantosign.json --key root.der --yes --quiet -o signed.cantosign.json
run cantosign verify signed.cantosign.json

say '5. Let openssl check the signature over the 34 bytes of the hash, without this program.'
run cantosign export signed.cantosign.json --format hash -d out
run cantosign sign namespace.cantosign.json --key root.der --yes --quiet --detached -o signature.bin
run openssl pkeyutl -verify -pubin -keyform DER -inkey root.pub.der -rawin \
  -in out/01-namespace-delegation.hash -sigfile signature.bin
run openssl pkeyutl -sign -keyform DER -inkey root.der -rawin \
  -in out/01-namespace-delegation.hash -out openssl.bin
run cmp signature.bin openssl.bin
echo 'openssl makes the same 64 bytes'

say '6. Write the certificate that a Canton node loads.'
run cantosign export signed.cantosign.json --format cert -d out
ls -l out
