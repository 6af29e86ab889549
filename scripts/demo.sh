#!/usr/bin/env bash
# The seed scenario on one machine: a participant is to become one more host of an external party. Its
# proposal is fetched, carried to where the party's key is, read, signed there, carried back and handed
# in; the contracts follow and the onboarding flag goes. The network is the sandbox; the side with the
# key runs the air-gapped program, which reaches none.
set -euo pipefail
dist="$(cd "$(dirname "$0")/.." && pwd)/dist"
work=$(mktemp -d)
sandbox=
finish() {
  if [ -n "$sandbox" ]; then
    kill "$sandbox" 2>/dev/null || true
    wait "$sandbox" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
mkdir offline online

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  "$@"
}
cantosign() { node "$dist/cantosign.mjs" "$@"; }
cantosign-online() { node "$dist/cantosign-online.mjs" "$@"; }
# Members of the ready line: ready participants 0 adminApi
ready() {
  node -e 'const [file, ...path] = process.argv.slice(1)
    console.log(path.reduce((value, name) => value[name], JSON.parse(require("fs").readFileSync(file))))' \
    online/ready.json "$@"
}

say '1. Start the sandbox: two participants on one synchronizer, in memory, on this machine.'
printf '$ cantosign-online sandbox -o online/ready.json\n'
# The program itself and no shell around it, so that the signal at the end reaches it.
node "$dist/cantosign-online.mjs" sandbox --clearance-delay 500 -o online/ready.json &
sandbox=$!
until [ -e online/ready.json ]; do
  kill -0 "$sandbox"
  sleep 0.1
done
cat online/ready.json
cat >online/config.yaml <<END
profiles:
  one: { adminApi: "$(ready participants 0 adminApi)", ledgerApi: "$(ready participants 0 ledgerApi)" }
  two: { adminApi: "$(ready participants 1 adminApi)", ledgerApi: "$(ready participants 1 ledgerApi)" }
END
online=(--config online/config.yaml)

say "2. Offline: the party's key. This demo leaves it unencrypted; yours gets a passphrase."
run cantosign key generate --key-spec ed25519 --no-encrypt -o offline/alice.der
run cantosign key convert offline/alice.der --to spki-der -o offline/alice.pub.der

say '3. Set the party up on the first participant, which signs for itself when it gets the package.'
run cantosign build external-party --party alice --namespace-key offline/alice.pub.der \
  --host "$(ready participants 0 participant)=confirmation" \
  --synchronizer "$(ready synchronizer)" -o offline/party.cantosign.json --quiet
run cantosign sign offline/party.cantosign.json --key offline/alice.der --yes --quiet \
  -o offline/party.signed.cantosign.json
run cantosign-online submit offline/party.signed.cantosign.json \
  --ledger-api "$(ready participants 0 ledgerApi)" --wait --wait-timeout 30
party="alice::$(cantosign key show offline/alice.der --json |
  node -p 'JSON.parse(require("fs").readFileSync(0)).fingerprint')"

say '4. The party has a contract: prepared by the participant, signed offline, executed.'
cat >online/create.json <<END
{ "CreateCommand": { "templateId": "#cantosign-sandbox:Main:Note",
                     "createArguments": { "owner": "$party", "text": "hello" } } }
END
run cantosign-online transaction prepare online/create.json --act-as "$party" \
  --json-api "$(ready participants 0 jsonApi)" -o online/note.cantosign.json
run cp online/note.cantosign.json offline/
run cantosign sign offline/note.cantosign.json --key offline/alice.der --yes --quiet \
  -o offline/note.signed.cantosign.json
run cp offline/note.signed.cantosign.json online/
run cantosign-online transaction execute online/note.signed.cantosign.json \
  --ledger-api "$(ready participants 0 ledgerApi)" --wait

say '5. The second participant proposes to host the party, with the onboarding flag, and steps aside.'
run cantosign-online replicate -d online/replication "${online[@]}" --source one --target two \
  --party "$party" --permission confirmation --yes --wait-timeout 30 || [ $? = 6 ]
run cantosign-online proposals --profile one "${online[@]}"

say '6. Fetch the proposal with the state that proves what it changes, and carry it to the key.'
hash=$(cantosign-online proposals --profile one "${online[@]}" --json |
  node -p 'JSON.parse(require("fs").readFileSync(0)).proposals[0].hash')
run cantosign-online fetch "$hash" --profile one "${online[@]}" \
  --requested-by 'the operator of the second participant' --reason 'one more host for alice' \
  -o online/hosting.cantosign.json
run cp online/hosting.cantosign.json offline/

say '7. Offline: read what a signature would authorize.'
run cantosign inspect offline/hosting.cantosign.json

say '8. Sign it. At a terminal you would type the end of the hash; --yes stands for that here.'
run cantosign sign offline/hosting.cantosign.json --key offline/alice.der --yes --quiet \
  -o offline/hosting.signed.cantosign.json
run cantosign verify offline/hosting.signed.cantosign.json

say '9. Carry it back and hand it in; the contracts follow and the flag is cleared.'
run cp offline/hosting.signed.cantosign.json online/
run cantosign-online replicate -d online/replication "${online[@]}" --source one --target two \
  --signed online/hosting.signed.cantosign.json --backed-up --yes --wait-timeout 30

say '10. What is in force now: two hosts, and neither has the flag.'
run cantosign-online fetch --in-force --party "$party" --mapping party-to-participant \
  --profile one "${online[@]}" -o online/in-force.cantosign.json
cantosign inspect online/in-force.cantosign.json --json |
  node -e 'const [{ serial, mapping }] = JSON.parse(require("fs").readFileSync(0)).transactions
    console.log(`serial ${serial}`)
    for (const { participantUid, permission, onboarding } of mapping.participants)
      console.log(`  ${participantUid} ${permission}${onboarding ? ", onboarding" : ""}`)'
