//! The README of a bundle: for a reader who has never heard of trailkeep and trusts nobody. Every command is written out, with the
//! names of one record of this bundle.

use super::bundle::{KeyRow, PlaceRow, RecordRow, Written};
use super::judge::KeyOrigin;
use super::{Made, Proof, shown, tables};

/// Records, and reasons, that are listed one by one.
const LISTED_MAX: usize = 50;

/// The whole text.
pub(super) fn text(made: &Made, written: &Written, proof: &Proof) -> String {
    let parts = [
        head(made, proof),
        CHECK.to_owned(),
        WHAT.to_owned(),
        steps(written),
        keys(written),
        records(written),
        unproven(proof),
        FILES.to_owned(),
    ];
    parts.join("\n")
}

const CHECK: &str = "## Check it

    sh verify.sh

runs every step below and ends with `PROVEN` (exit code 0) or `NOT PROVEN` (1). It needs `sha256sum`, `openssl` and a POSIX shell, no
network and no AWS account, and it writes nothing. You need not trust it: the steps are few, and each can be typed by hand.
";

const WHAT: &str = "## What it proves, and what it does not

AWS CloudTrail computes the SHA-256 of each log file when it delivers it. Once an hour it writes these hashes into a *digest*, and
signs that with a private key that never leaves AWS; each digest also holds the hash and the signature of the one before it. So:

- **Proven**: each record here is, byte for byte, a piece of a log file that the holder of the private key vouched for. Nobody without
  that key, neither who made this bundle nor who could write to the bucket, can have changed a letter of it.
- **As far as the keys are AWS's.** That is the one thing to compare with AWS (see \"The public keys\").
- **Not shown: that there are no other records.** A bundle is a selection. `trailkeep verify`, or `aws cloudtrail validate-logs`, checks
  that no log file and no digest is missing from a whole trail.
- **Not shown: that what a record says is the whole truth.** CloudTrail writes down what it saw: an address behind which somebody hid, or
  a user agent that a program made up, is written down just so.
- **Not signed by anybody: this README**, the tables and the names of the files. They only say where to look.
";

const FILES: &str = "## What is in it

| | |
|---|---|
| `records/` | the records, exactly as they stand in the log files |
| `records.tsv` | which piece of which log file each record is: offset and length in bytes |
| `logs/` | the log files, uncompressed (CloudTrail delivers and hashes this content packed as gzip) |
| `logs.tsv` | which digest holds each log file's hash, and where in it |
| `digests/*.json` | the digests, uncompressed |
| `digests/*.tosign` | what was signed: end time, bucket/key, SHA-256 of the digest, signature of the digest before (4 lines) |
| `digests/*.sig` | the signature (RSASSA-PKCS1-v1_5 with SHA-256), in binary |
| `digests.tsv` | which key signed each digest, where its signature was found, which digest comes after it |
| `keys/` | the public keys: as PEM, and as an answer of ListPublicKeys |
| `SHA256SUMS` | the hashes of all these files, against accidents on the way: not part of the proof |
";

fn head(made: &Made, proof: &Proof) -> String {
    let verdict = if !proof.contradictions.is_empty() {
        "**Something in here contradicts: see \"What is not proven\".**".to_owned()
    } else if proof.is_whole() {
        format!("**All {} records are proven by the public keys in `keys/`.**", proof.records)
    } else {
        format!("**{} of {} records are proven: see \"What is not proven\".**", proof.records_proven, proof.records)
    };
    format!(
        "# Evidence: {} AWS CloudTrail records\n\n{verdict}\n\nMade {} by {} from the home `{}`.\nAsked for: `{}`\n",
        proof.records,
        made.at.format("%Y-%m-%dT%H:%M:%SZ"),
        shown(&made.program),
        shown(&made.home),
        shown(&made.asked)
    )
}

/// The chain of reasoning, with the names of the first record that is proven, else of the first.
fn steps(written: &Written) -> String {
    let mut text = "## Step by step: record, log file, digest, signature, key\n".to_owned();
    let is_proven = |(_, place): &(&RecordRow, &PlaceRow)| written.logs.get(place.log).is_some_and(|log| log.is_proven);
    let mut places = written.records.iter().flat_map(|row| row.places.iter().map(move |place| (row, place)));
    let Some((record, place)) = places.clone().find(is_proven).or_else(|| places.next()) else { return text };
    text += &format!(
        "\nShown for `{}`; `records.tsv`, `logs.tsv` and `digests.tsv` hold the names and numbers for all the others.\n",
        record.name
    );
    text += &record_step(written, record, place);
    text += &chain_steps(written, place.log);
    text
}

fn record_step(written: &Written, record: &RecordRow, place: &PlaceRow) -> String {
    let log = written.logs.get(place.log).map_or("-", |log| log.name.as_str());
    format!(
        "
1. **The record is a piece of the log file**: {length} bytes after the first {offset}. Nothing is printed if they are the same.

       tail -c +{from} {log} | head -c {length} | cmp - {record}
",
        length = place.length,
        offset = place.offset,
        from = place.offset + 1,
        record = record.name,
    )
}

fn chain_steps(written: &Written, log: usize) -> String {
    let Some(log) = written.logs.get(log) else { return String::new() };
    let found = log.vouching.as_ref().and_then(|vouched| Some((written.digest(vouched.digest)?, &vouched.spelling)));
    let Some((digest, at)) = found else {
        return format!("\n2. No digest in this bundle names `{}`: the chain ends here.\n", log.name);
    };
    let base = digest.name.strip_suffix(".json").unwrap_or(&digest.name);
    let mut text = format!(
        "
2. **The log file's hash stands in the digest**, beside its key: the second command prints the entry, whose `hashValue` is what the first
   one prints.

       sha256sum {log}
       tail -c +{from} {digest} | head -c {length}

3. **What was signed is made of the digest**: the file has four lines, and the third is the SHA-256 of the digest. The others are its
   `digestEndTime`, its `digestS3Bucket`/`digestS3Object` and its `previousDigestSignature` (`null` in the first of a chain).

       sha256sum {digest}
       cat {base}.tosign
",
        log = log.name,
        from = at.offset + 1,
        length = at.length,
        digest = digest.name,
    );
    if let Some(key) = &digest.key {
        text += &format!(
            "
4. **The signature is the key's**: prints `Verified OK`. The digest names the key in `digestPublicKeyFingerprint`.

       openssl dgst -sha256 -verify {key} -signature {base}.sig {base}.tosign
"
        );
    }
    if let Some(next) = digest.next.and_then(|next| written.digest(next)) {
        text += &format!(
            "
5. **The digest after it says the same**: it holds this digest's hash (`previousDigestHashValue`) and its signature
   (`previousDigestSignature`). A digest whose own signature is not known is proven like this, by the one after it. Steps 3 to 5 can be
   repeated from there on, up the chain.

       grep -o '\"previousDigest[A-Za-z]*\" *: *\"[^\"]*\"' {next}
",
            next = next.name
        );
        if digest.found.is_some() {
            text += &format!("       od -A n -v -t x1 {base}.sig | tr -d ' \\n'\n");
        }
    }
    text
}

fn keys(written: &Written) -> String {
    let mut text = "## The public keys\n".to_owned();
    if written.keys.is_empty() {
        text += "\nNone: no key that a digest in this bundle names was known when it was made.\n";
    }
    for row in &written.keys {
        text += &key(row);
    }
    if let Some((row, region, time)) = example(written) {
        let fingerprint = &row.key.fingerprint;
        text += &format!(
            "
Compare them with AWS, with credentials of any account and for the Region and a time of the digests that they sign (AWS lists a key for
the time in which it was in use). Both commands print the same lines if the key is AWS's:

       aws cloudtrail list-public-keys --region {region} --start-time {time} --end-time {time} \\
         --query \"PublicKeyList[?Fingerprint=='{fingerprint}'].Value\" --output text |
         openssl base64 -d -A | openssl rsa -RSAPublicKey_in -inform DER -pubout
       cat {name}
",
            region = shown(region),
            time = shown(time),
            name = row.name,
        );
    }
    text
}

fn key(row: &KeyRow) -> String {
    let time = |time: Option<chrono::DateTime<chrono::Utc>>| {
        time.map_or_else(|| "?".to_owned(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    };
    let from = match row.origin {
        KeyOrigin::Aws => "asked of AWS (ListPublicKeys) by the program that made this bundle".to_owned(),
        KeyOrigin::Endpoint(name) => format!("asked of `{}`, which is **not AWS**: its word proves nothing about AWS", shown(name)),
        KeyOrigin::File(name) => format!("read from the file `{}`, for which its owner has to speak", shown(name)),
    };
    let region = row.key.region.as_deref().map(|region| format!(", Region {}", shown(region))).unwrap_or_default();
    format!("\n- `{}`: in use {} to {}{region}; {from}.\n", row.name, time(row.key.valid_from), time(row.key.valid_to))
}

/// A key, and Region and time of a digest that it signed.
fn example<'a, 'b>(written: &'b Written<'a>) -> Option<(&'b KeyRow<'a>, &'a str, &'a str)> {
    let signed = written.digests.iter().find(|row| row.key.is_some())?;
    let row = written.keys.iter().find(|row| Some(&row.name) == signed.key.as_ref())?;
    Some((row, signed.region, signed.end_time))
}

fn records(written: &Written) -> String {
    let mut text = "## The records\n".to_owned();
    for row in written.records.iter().take(LISTED_MAX) {
        text += &format!("\n- `{}`", row.name);
        if !row.event_id.is_empty() {
            text += &format!(" (event ID `{}`)", shown(&row.event_id));
        }
        for place in &row.places {
            let Some(log) = written.logs.get(place.log) else { continue };
            let proven = if log.is_proven { "proven" } else { "not proven" };
            text += &format!("\n  - {proven}: `{}`, collected from `{}` as `{}`", log.name, shown(&log.origin), shown(&log.key));
            if let Some(digest) = log.vouching.as_ref().and_then(|vouched| written.digest(vouched.digest)) {
                text += &format!("; named by `{}`", digest.name);
            }
        }
        text.push('\n');
    }
    let more = written.records.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        text += &format!("\nAnd {more} more, in `{}`.\n", tables::RECORDS);
    }
    text
}

fn unproven(proof: &Proof) -> String {
    if proof.is_whole() {
        return "## What is not proven\n\nNothing was left open: see \"What it proves, and what it does not\" for what no bundle shows.\n".to_owned();
    }
    let mut text = "## What is not proven\n".to_owned();
    let all: Vec<&String> = proof.contradictions.iter().chain(&proof.unproven).collect();
    for reason in all.iter().take(LISTED_MAX) {
        text += &format!("\n- {reason}\n");
    }
    let more = all.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        text += &format!("\nAnd {more} more.\n");
    }
    text
}
