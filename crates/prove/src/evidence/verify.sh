#!/bin/sh
# Checks this bundle with sha256sum and openssl, and what every POSIX shell has beside it. README.md explains each step and
# writes its command out: you need not trust this script. It reads the files beside it, writes nothing and needs no network.
#
# One line a step, then one verdict. Exit code 0: every record is proven by the public keys in keys/. 1: not.
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")" || exit 1
tab=$(printf '\t')
line_feed='
'
failed=0 proven_records=0 unproven_records=0

command -v openssl >/dev/null || { echo 'openssl is not installed'; exit 1; }
command -v sha256sum >/dev/null || sha256sum() { shasum -a 256 "$@"; }

ok() { printf 'ok          %s\n' "$1"; }
bad() { printf 'FAILED      %s\n' "$1"; failed=$((failed + 1)); }
unproven() { printf 'NOT PROVEN  %s\n' "$1"; }

hash_of() { sha256sum <"$1" | head -c 64; }
hex_of() { od -A n -v -t x1 "$1" | tr -d ' \n'; }
bytes_of() { tail -c "+$(($2 + 1))" "$1" | head -c "$3"; }
is_name() { case $1 in -) ;; '' | -* | /* | *..* | *[!A-Za-z0-9._/-]*) false ;; esac; }
is_number() { case $1 in '' | *[!0-9]*) false ;; esac; }

# Finds texts of these names (`a|b`) in the JSON on standard input, one `"name":"value"` a line.
find_texts() { tr '\n\r\t' '   ' | grep -a -E -o "\"($1)\" *: *(null|\"([^\"\\\\]|\\\\.)*\")"; }

# $value: the text of this name in $texts, as it is written but for the quotes; `?` if the name does not stand there exactly once.
value_of() {
    value='?' seen=0
    while IFS= read -r text; do
        case $text in "\"$1\""*) ;; *) continue ;; esac
        seen=$((seen + 1))
        value=${text#*:}
        value=${value#"${value%%[! ]*}"}
        value=${value#\"}
        value=${value%\"}
    done <<TEXTS
$texts
TEXTS
    [ "$seen" -eq 1 ] || value='?'
}

# --- 1: the files are those that were written
sums() {
    if [ ! -s SHA256SUMS ] || grep -a -q -v -E '^[0-9a-f]{64}  [A-Za-z0-9][A-Za-z0-9._/-]*$' SHA256SUMS; then
        bad 'SHA256SUMS: a line in it is not a hash and a name'
    fi
    if sha256sum -c SHA256SUMS >/dev/null 2>&1; then
        ok 'SHA256SUMS: the files are those that were written'
    else
        bad 'SHA256SUMS: these files are missing or were changed:'
        sha256sum -c SHA256SUMS 2>&1 | grep -v ': OK$'
    fi
    listed=$(cut -c 67- SHA256SUMS | sort)
    there=$(find . -type f ! -name '.*' ! -path ./SHA256SUMS | cut -c 3- | sort)
    [ "$listed" = "$there" ] || bad 'SHA256SUMS: it does not name exactly the files that are here'
}

# --- 2: each key is the one that was listed under its fingerprint
keys() {
    for key in keys/*.pem; do
        [ -f "$key" ] || continue
        fingerprint=${key#keys/}
        fingerprint=${fingerprint%%[.-]*}
        value=$(openssl rsa -pubin -in "$key" -RSAPublicKey_out -outform DER 2>/dev/null | openssl base64 -A)
        if [ -n "$value" ] && tr '\n{' ' \n' <keys/list-public-keys.json | grep -F "\"$fingerprint\"" | grep -q -F "\"$value\""; then
            ok "key $key: as keys/list-public-keys.json lists it"
        else
            bad "key $key: not as keys/list-public-keys.json lists it"
        fi
    done
}

# --- 3: each digest is what was signed, or what a proven digest after it vouches for
own='digestPublicKeyFingerprint|digestEndTime|digestS3Bucket|digestS3Object'
proven_digests=' '
digests() {
    while IFS=$tab read -r digest sum key from next; do
        [ "$digest" = digest ] || digest
    done <digests.tsv
}

digest() {
    if ! is_name "$digest" || ! is_name "$key" || ! is_name "$from" || ! is_name "$next" || [ ! -f "$digest" ]; then
        bad 'digests.tsv: a line in it is damaged, or its digest is missing'
        return
    fi
    before=$failed name=${digest%.json}
    hash=$(hash_of "$digest")
    [ "$hash" = "$sum" ] || bad "digest $digest: its SHA-256 is not the one in digests.tsv"
    string_to_sign
    signature
    link
    [ "$failed" = "$before" ] || return
    if [ "$is_signed" = yes ]; then
        ok "digest $digest: signed by $key (signature: $from)"
    elif [ "$is_linked" = yes ]; then
        ok "digest $digest: has no signature of its own that can be checked; vouched for by $next"
    else
        unproven "digest $digest: no signature and no later digest in this bundle proves it"
        return
    fi
    proven_digests="$proven_digests$digest "
}

# The string to sign is made of the digest's own fields and its hash.
string_to_sign() {
    texts=$(find_texts "$own|previousDigestSignature" <"$digest")
    value_of digestPublicKeyFingerprint && fingerprint=$value
    value_of digestEndTime && end_time=$value
    value_of digestS3Bucket && place=$value
    value_of digestS3Object && place=$place/$value
    value_of previousDigestSignature
    is_made=no
    case $place in
    *\\*)
        # JSON spells this name with escapes: it is not compared. The hash after it binds the digest just the same.
        case $(cat "$name.tosign") in "$end_time$line_feed"*"$line_feed$hash$line_feed$value") is_made=yes ;; esac
        ;;
    *)
        made=$(printf '%s\n%s\n%s\n%s' "$end_time" "$place" "$hash" "$value" | sha256sum)
        [ "$made" != "$(sha256sum <"$name.tosign")" ] || is_made=yes
        ;;
    esac
    [ "$is_made" = yes ] || bad "digest $digest: $name.tosign is not made of its fields"
}

# The signature is over that string, by the key that the digest names.
signature() {
    is_signed=no
    [ "$from" != unreadable ] || bad "digest $digest: its signature is not written as signatures are"
    [ "$key" != - ] || return
    case $key in
    keys/"$fingerprint"[.-]*) ;;
    *) bad "digest $digest: it names another key than $key" ;;
    esac
    if openssl dgst -sha256 -verify "$key" -signature "$name.sig" "$name.tosign" >/dev/null 2>&1; then
        is_signed=yes
    else
        bad "digest $digest: its signature was not made with $key"
    fi
}

# The digest's hash and its signature stand in the digest after it.
link() {
    is_linked=no
    [ "$next" != - ] || return
    [ ! -f "$next" ] || texts=$(find_texts 'previousDigestHashValue|previousDigestSignature' <"$next")
    value_of previousDigestHashValue
    if [ ! -f "$next" ] || [ "$value" != "$hash" ]; then
        bad "digest $digest: its hash does not stand in $next"
        return
    fi
    value_of previousDigestSignature
    if [ -f "$name.sig" ] && [ "$value" != "$(hex_of "$name.sig")" ]; then
        bad "digest $digest: its signature does not stand in $next"
        return
    fi
    case $proven_digests in *" $next "*) is_linked=yes ;; esac
}

# --- 4: each log file's hash stands beside its key in a proven digest
proven_logs=' '
logs() {
    while IFS=$tab read -r log sum digest offset length bucket object; do
        [ "$log" = log ] || log
    done <logs.tsv
}

log() {
    if ! is_name "$log" || ! is_name "$digest" || [ ! -f "$log" ]; then
        bad 'logs.tsv: a line in it is damaged, or its log file is missing'
        return
    fi
    if [ "$(hash_of "$log")" != "$sum" ]; then
        bad "log $log: its SHA-256 is not the one in logs.tsv"
        return
    fi
    if [ "$digest" = - ]; then
        unproven "log $log: no digest in this bundle names it"
        return
    fi
    if ! is_number "$offset" || ! is_number "$length" || [ ! -f "$digest" ] || ! is_entry; then
        bad "log $log: its hash does not stand beside its key in $digest"
        return
    fi
    case $proven_digests in
    *" $digest "*) ok "log $log: named with its hash by $digest" ;;
    *) unproven "log $log: named with its hash by $digest, which is not proven" && return ;;
    esac
    proven_logs="$proven_logs$log "
}

# The entry in the digest holds one bucket, one key and one hash: these.
is_entry() {
    entry=$(bytes_of "$digest" "$offset" "$length")
    case $entry in '{'*'}') ;; *) return 1 ;; esac
    texts=$(printf '%s' "$entry" | find_texts 'hashValue|s3Bucket|s3Object')
    value_of hashValue && [ "$value" = "$sum" ] || return
    value_of s3Bucket && [ "\"$value\"" = "$bucket" ] || return
    value_of s3Object && [ "\"$value\"" = "$object" ]
}

# --- 5: each record is a piece of a proven log file
records() {
    current='' is_proven=no
    while IFS=$tab read -r record log offset length sum; do
        [ "$record" = record ] || record
    done <records.tsv
    record_ends
}

# Lines of one record follow one another: it is proven if one of its log files is.
record() {
    if ! is_name "$record" || ! is_name "$log" || ! is_number "$offset" || ! is_number "$length" || [ ! -f "$record" ]; then
        bad 'records.tsv: a line in it is damaged, or its record is missing'
        return
    fi
    [ "$record" = "$current" ] || record_ends
    current=$record
    hash=$(hash_of "$record")
    if [ "$hash" != "$sum" ] || [ ! -f "$log" ] || [ "$(bytes_of "$log" "$offset" "$length" | sha256sum | head -c 64)" != "$hash" ]; then
        bad "record $record: not what stands at byte $offset of $log"
        return
    fi
    ok "record $record: stands at byte $offset of $log"
    case $proven_logs in *" $log "*) is_proven=yes ;; esac
}

record_ends() {
    if [ -n "$current" ] && [ "$is_proven" = yes ]; then
        proven_records=$((proven_records + 1))
    elif [ -n "$current" ]; then
        unproven "record $current: none of its log files is proven"
        unproven_records=$((unproven_records + 1))
    fi
    is_proven=no
}

# --- 6: nothing lies here that no table names
strangers() {
    for file in records/* logs/* digests/*; do
        [ -f "$file" ] || continue
        case $file in
        records/*) table=records.tsv name=$file ;;
        logs/*) table=logs.tsv name=$file ;;
        *) table=digests.tsv name=${file%.*}.json ;;
        esac
        grep -q -F "$name$tab" "$table" || bad "$file: $table does not name it"
    done
}

sums
keys
digests
logs
records
strangers
echo
if [ "$failed" -gt 0 ]; then
    echo "NOT PROVEN: checks that failed: $failed. Something was changed after it was written, or does not fit together."
    exit 1
elif [ "$unproven_records" -gt 0 ] || [ "$proven_records" -eq 0 ]; then
    echo "NOT PROVEN: records that are proven: $proven_records, that are not: $unproven_records. README.md says why."
    exit 1
fi
echo "PROVEN: all $proven_records records, by the public keys in keys/. README.md says how to compare those with AWS's."
