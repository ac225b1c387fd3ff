//! Messages of a queue: followed or refused, with a reason that is short; what they name can be asked for; envelopes give lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use message::{Message, limits, subscription};

fuzz_target!(|body: &str| {
    match message::read(body) {
        Err(error) => assert!(error.to_string().chars().count() < 400),
        Ok(Message::Nothing(_)) => {}
        Ok(Message::Records(bytes)) => assert!(!bytes.is_empty() && bytes.len() <= limits::BODY_BYTES_MAX),
        Ok(Message::Objects(objects)) => {
            assert!((1..=limits::OBJECTS_MAX).contains(&objects.len()));
            for object in objects {
                assert!(!object.bucket.contains(['/', '?', '#', '@', ':']) && object.bucket.len() <= limits::BUCKET_CHARS_MAX);
                assert!(object.key.split('/').all(|segment| !matches!(segment, "" | "." | "..")));
            }
        }
    }
    if let Ok(Some(lines)) = subscription::log_events(body.as_bytes()) {
        assert!(lines.len() <= body.len() * 6, "a text is at most written as escapes");
    }
});
