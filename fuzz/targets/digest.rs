//! Digests: what is read is written and read again as the same, and is signed as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::{Digest, sha256};

fuzz_target!(|content: &[u8]| {
    let Ok(digest) = Digest::parse(content) else { return };
    let hash = sha256(content);
    let signed = digest.string_to_sign(&hash);
    assert!(signed.starts_with(&format!("{}\n{}/", digest.digest_end_time, digest.digest_s3_bucket)));

    let written = serde_json::to_vec(&digest).unwrap();
    let again = Digest::parse(&written).unwrap();
    assert_eq!(again, digest);
    assert_eq!(again.string_to_sign(&hash), signed);
    assert_eq!(serde_json::to_vec(&again).unwrap(), written);
    assert!(!digest.is_start() || digest.previous().is_none());

    let keys = digest.log_files.iter().map(|file| file.s3_object.as_str()).chain(digest.previous_digest_s3_object.as_deref());
    for key in keys.chain([digest.digest_s3_object.as_str()]) {
        let (kind, place) = (layout::kind(key), layout::place(key));
        assert!(kind != layout::Kind::Digest || place.is_some(), "a digest without a place: {key}");
        if let Some(name) = layout::digest_name(key) {
            assert_eq!(layout::digest_name(&name.key("", None)).as_ref(), Some(&name), "{key}");
        }
    }
});
