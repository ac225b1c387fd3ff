//! Answers of `ListPublicKeys` and sign files of query results: any bytes are read or refused, and what is written is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::{PublicKey, PublicKeys, SignFile, public_keys_json};

fuzz_target!(|json: &[u8]| {
    if let Ok(keys) = PublicKeys::parse(json) {
        let readable: Vec<_> = keys.iter().filter(|key| key.key.is_ok()).collect();
        for key in &readable {
            let public = key.key.as_ref().unwrap();
            let again = PublicKey::from_pkcs1(public.pkcs1()).unwrap();
            assert_eq!(again.to_pem(), public.to_pem());
            assert!(!public.verify(json, &[0; 256]));
            assert!(keys.find(&key.fingerprint, key.region.as_deref().unwrap_or_default()).any(|found| found.region == key.region));
        }
        let again = PublicKeys::parse(public_keys_json(readable.iter().copied()).as_bytes()).unwrap();
        assert_eq!(again.iter().count(), readable.len());
        for key in readable {
            let times = |key: &seal::Key| (key.valid_from, key.valid_to);
            let mut same = again.find(&key.fingerprint, key.region.as_deref().unwrap_or_default());
            assert!(same.any(|found| times(found) == times(key)));
        }
    }
    if let Ok(file) = SignFile::parse(json) {
        assert_eq!(SignFile::parse(file.to_json().as_bytes()), Ok(file.clone()));
        assert_eq!(file.string_to_sign().split(' ').count() >= file.files.len(), true);
        if file.check_names().is_ok() {
            assert!(file.files.iter().all(|file| !file.file_name.contains('/')));
        }
    }
});
