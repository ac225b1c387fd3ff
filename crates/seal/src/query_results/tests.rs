//! Sign files: one that AWS signed, and ours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// A public key of AWS (us-east-1, 2022), its fingerprint, and what it signed: published with the tests of the AWS CLI
/// (tests/functional/cloudtrail). The only signature by AWS in these tests, so it decides what "signed like AWS" means.
const AWS_KEY: &str = "MIIBCgKCAQEA1OxVzcylHnxhysU41BcHucQn47bywceJEPkze53RZUaYtvTAXYf0ONbdk/yQ8c5Bq6l5nL0qjT1UNhVfccCsTaToL58wPePg9U29D+MtiQXz6yecW7Rzs5rP5i4EU2YDPoYaphIVowYZjkHyC72L/2lQ/Q5rSotIjUdCq6Wv6i7bFHLiCNtgP95xfL9pxytAyGdCzHDBJb/H60x7q/wqO6/HaZI38aY7piHqazd2vpaNxPShHyvpdR0P29tNFxo+5V4VVW2/QC1/QLTLLAzQNiO+ZOpsHa8rgYmPv0YI4sFA9vFhHyUdh9skopO7Jg/gAjAdtzuLCnXpfuwQ/+EXnQIDAQAB";
const AWS_HASH: &str = "5b918b3fb6e1f00ea4a004eb40223a87c75f4bf4cf69a75e47843144d3fbaf80";
const AWS_SIGNATURE: &str = "4dc453c7a934fd9076bd63df310fe8f419c189bb588ae08509d3cc462aa37da605fe78c3649e4e8f88350ba7ddeba360481e489551abbef2eb8d44e66a8ee28e5920f5dda0509f38d56a2cc2eac64a25c3db40e21f04bb0475f74e2a86b41673d239cbdc8de06954aa5e3aa4930e78ac9d268ece057ae173c01499b2a5379caa6e5abe220ae85ce4a801706614bb16b20037d463db263397445d47c1984e29d3e3e535f5dc09d59e1eaa69bdccf107a4e2fbebc2af3d5fff31a4ad7bbec4a99984738bc6477218ce661ba366c178c2a65a41715ca9a795b40b7cb2fbabfc4a89a450191bca699b1df80036e60b241c8b258a445c9e7e02173aee600786c77c5f";

fn by_aws() -> SignFile {
    let json = format!(
        r#"{{"region":"us-east-1","files":[{{"fileHashValue":"{AWS_HASH}","fileName":"result_1.csv.gz"}}],"hashAlgorithm":"SHA-256","signatureAlgorithm":"SHA256withRSA","hashSignature":"{AWS_SIGNATURE}","publicKeyFingerprint":"67b9fa73676d86966b449dd677850753","queryCompleteTime":"2022-05-10T22:06:30Z"}}"#
    );
    SignFile::parse(json.as_bytes()).unwrap()
}

fn ours(key: &RsaKey) -> SignFile {
    let hashes = [Hash::of(b"one"), Hash::of(b"two")];
    SignFile::sign("eu-west-1", DateTime::from_timestamp(1_795_000_000, 0).unwrap(), &hashes, key).unwrap()
}

#[test]
fn a_file_that_aws_signed_verifies() {
    let (file, key) = (by_aws(), PublicKey::from_pkcs1(&STANDARD.decode(AWS_KEY).unwrap()).unwrap());
    assert_eq!((file.check_names(), file.check_signature(&key)), (Ok(()), Ok(())));
    let mut altered = file.clone();
    altered.files[0].file_hash_value = Hash::of(b"other").to_string();
    assert_eq!(altered.check_signature(&key), Err(QueryResultsError::Signature));
    assert_eq!(file.check_signature(&RsaKey::generate().unwrap().public().unwrap()), Err(QueryResultsError::Signature));
}

#[test]
fn what_we_sign_is_read_again_and_verifies() {
    let key = RsaKey::generate().unwrap();
    let file = ours(&key);
    assert_eq!(file.string_to_sign(), format!("{} {}", Hash::of(b"one"), Hash::of(b"two")));
    let read = SignFile::parse(file.to_json().as_bytes()).unwrap();
    assert_eq!(read, file);
    assert_eq!((read.check_names(), read.check_signature(&key.public().unwrap())), (Ok(()), Ok(())));
    assert_eq!(read.files[1].check(Hash::of(b"two")), Ok(()));
    assert_eq!(read.query_complete_time, "2026-11-18T11:06:40Z");
    assert_eq!(read.public_key_fingerprint, key.fingerprint());
    let with_more = file.to_json().replacen('{', "{\"comment\": [1, {}],", 1);
    assert_eq!(SignFile::parse(with_more.as_bytes()), Ok(file));
}

#[test]
fn whatever_the_signature_covers_is_covered() {
    let key = RsaKey::generate().unwrap();
    let signed_no_more = |change: fn(&mut SignFile)| {
        let mut file = ours(&key);
        change(&mut file);
        assert_eq!(file.check_signature(&key.public().unwrap()), Err(QueryResultsError::Signature));
    };
    signed_no_more(|file| file.files.swap(0, 1));
    signed_no_more(|file| file.files.truncate(1));
    signed_no_more(|file| file.files.push(file.files[0].clone()));
    signed_no_more(|file| file.files[0].file_hash_value.make_ascii_uppercase());
    signed_no_more(|file| file.hash_signature.truncate(510));
    signed_no_more(|file| file.hash_signature.push('x'));
    signed_no_more(|file| file.signature_algorithm = "none".to_owned());
}

#[test]
fn names_are_cloudtrails_or_refused() {
    let key = RsaKey::generate().unwrap();
    for name in ["../result_1.csv.gz", "/etc/passwd", "result_2.csv.gz", "result_01.csv.gz", "", "result_1.csv.gz/"] {
        let mut file = ours(&key);
        file.files[0].file_name = name.to_owned();
        assert_eq!(file.check_names(), Err(QueryResultsError::Name { number: 1, name: name.to_owned() }));
    }
    let empty = SignFile::sign("eu-west-1", DateTime::UNIX_EPOCH, &[], &key).unwrap();
    assert_eq!(empty.check_names(), Err(QueryResultsError::NoFiles));
}

#[test]
fn what_is_no_sign_file_is_refused() {
    assert!(matches!(SignFile::parse(b""), Err(QueryResultsError::NoJson(_))));
    assert!(matches!(SignFile::parse(b"{\"files\": ["), Err(QueryResultsError::NoJson(_))));
    assert!(matches!(SignFile::parse(b"{\"files\": 1}"), Err(QueryResultsError::Format(_))));
    assert!(matches!(SignFile::parse(b"{}"), Err(QueryResultsError::Format(_))));
    let large = vec![b' '; SIGN_FILE_BYTES_MAX as usize + 1];
    assert_eq!(SignFile::parse(&large), Err(QueryResultsError::TooLarge));
}

#[test]
fn errors_in_the_words_of_the_aws_cli() {
    let altered = by_aws().files[0].check(Hash::of(b"")).unwrap_err();
    let key = QueryResultsError::Key { fingerprint: "67b9".to_owned(), value: "AAAA".to_owned() };
    let cases = [
        (
            altered,
            "ValidationError: File result_1.csv.gz has inconsistent hash value with hash value recorded in sign file, hash value in sign file is 5b918b3fb6e1f00ea4a004eb40223a87c75f4bf4cf69a75e47843144d3fbaf80 , but get e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (QueryResultsError::NoFiles, "ValidationError: No export file was found in sign file."),
        (QueryResultsError::Signature, "ValidationError: Invalid signature in sign file"),
        (key, "ValidationError: Sign file invalid, unable to load PKCS #1 key: AAAA"),
        (QueryResultsError::UnknownKey("67b9".to_owned()), "No public keys found for key with fingerprint: 67b9"),
        (SignFile::parse(b"{}").unwrap_err(), "ValidationError: Invalid sign file provided."),
    ];
    for (error, told) in cases {
        assert_eq!(error.as_aws_cli(), told);
        assert_ne!(error.to_string(), told);
    }
}
