//! Statement files, written and read.

use super::*;

fn object(path: &str) -> Object {
    Object { path: path.to_owned(), size_bytes: 3, sha256: Hash::of(path.as_bytes()) }
}

fn statement(says: Says) -> Statement {
    let (time, home) = ("2026-11-22T07:00:00Z".to_owned(), "h-1".to_owned());
    Statement { format: FORMAT, number: 4, previous: Some(Hash::of(b"before")), time, home, says }
}

fn every_saying(key: &StatementKey) -> Vec<Says> {
    vec![
        Says::Key(NewKey::new(&key.public().unwrap(), KeyReason::Rotated)),
        Says::Objects(Objects { added: vec![object("config/format/1.json"), object("archive/_delta_log/ü 1.json")] }),
        Says::Compacted(Compacted {
            archive_version: 9,
            removed: vec![object("archive/a"), object("archive/b")],
            added: vec![object("archive/c")],
            records: 70,
            records_hash_before: "17".to_owned(),
            records_hash_after: "17".to_owned(),
        }),
        Says::Retired(Retired {
            archive_version: 10,
            day: "2019-11-20".to_owned(),
            removed: vec![object("archive/c")],
            records: 70,
            why: "retention of 2,557 days\n".to_owned(),
        }),
    ]
}

#[test]
fn statements_are_read_as_they_were_written() {
    let key = StatementKey::generate().unwrap();
    for says in every_saying(&key) {
        let statement = statement(says);
        let file = statement.sign(&key).unwrap();
        assert_eq!(file.iter().filter(|byte| **byte == b'\n').count(), 2);
        let sealed = Sealed::read(&file).unwrap();
        assert_eq!((&sealed.statement, &sealed.key), (&statement, &key.fingerprint()));
        assert!(sealed.verify(&key.public().unwrap()));
        assert!(!sealed.verify(&StatementKey::generate().unwrap().public().unwrap()));
    }
}

#[test]
fn a_statement_file_looks_like_this() {
    let key = StatementKey::generate().unwrap();
    let file = statement(Says::objects(vec![object("config/a/1.json")]).next().unwrap()).sign(&key).unwrap();
    let (signed, hash) = (String::from_utf8(file).unwrap(), Hash::of(b"config/a/1.json"));
    let (first, second) = signed.split_once('\n').unwrap();
    assert_eq!(
        first,
        format!(
            r#"{{"format":1,"number":4,"previous":"{}","time":"2026-11-22T07:00:00Z","home":"h-1","says":{{"objects":{{"added":[{{"path":"config/a/1.json","size_bytes":3,"sha256":"{hash}"}}]}}}}}}"#,
            Hash::of(b"before")
        )
    );
    let signature = hex::encode(key.sign(first.as_bytes()).unwrap());
    assert_eq!(second, format!("{{\"algorithm\":\"Ed25519\",\"key\":\"{}\",\"signature\":\"{signature}\"}}\n", key.fingerprint()));
}

#[test]
fn there_is_one_spelling_of_the_second_line() {
    let key = StatementKey::generate().unwrap();
    let file = statement(every_saying(&key).remove(1)).sign(&key).unwrap();
    let text = String::from_utf8(file).unwrap();
    let (first, second) = text.trim_end().split_once('\n').unwrap();
    let signature = second.rsplit('"').nth(1).unwrap();
    for other in [
        format!("{first}\n{second}"),
        format!("{first}\n{second}\n\n"),
        format!("{first}\r\n{second}\r\n"),
        format!("{first}\n{}\n", second.replace(':', ": ")),
        format!("{first}\n{}\n", second.replace(signature, &signature.to_uppercase())),
        format!("{first}\n{}\n", second.replace("Ed25519", "ed25519")),
        format!("{first}\n{}\n", second.replace("{\"algorithm\"", "{\"x\":1,\"algorithm\"")),
        format!("{first}\n"),
        first.to_owned(),
        String::new(),
    ] {
        assert!(matches!(Sealed::read(other.as_bytes()), Err(StatementError::Format(_))), "{other}");
    }
}

#[test]
fn limits_hold_for_writer_and_reader() {
    let key = StatementKey::generate().unwrap();
    let many: Vec<Object> = (0..OBJECTS_MAX + 1).map(|number| object(&number.to_string())).collect();
    let all = statement(Says::Objects(Objects { added: many.clone() }));
    assert_eq!(all.sign(&key), Err(StatementError::TooManyObjects(OBJECTS_MAX + 1)));
    let parts: Vec<Says> = Says::objects(many).collect();
    assert_eq!(parts.iter().map(|says| says.added().len()).collect::<Vec<_>>(), [OBJECTS_MAX, 1]);
    assert_eq!(Says::objects(vec![]).count(), 0);
    for path in ["", "/", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "a\\b", &"x".repeat(PATH_BYTES_MAX + 1)] {
        let says = Says::Objects(Objects { added: vec![object(path)] });
        assert_eq!(statement(says).sign(&key), Err(StatementError::Path(path.to_owned())));
    }
    let late = Statement { time: "today".to_owned(), ..statement(every_saying(&key).remove(0)) };
    assert_eq!(late.sign(&key), Err(StatementError::Time("today".to_owned())));
    assert_eq!(Sealed::read(&vec![b' '; STATEMENT_BYTES_MAX as usize + 1]).unwrap_err(), StatementError::TooLarge);
}

#[test]
fn a_newer_format_is_told_from_a_broken_one() {
    let key = StatementKey::generate().unwrap();
    let signed = |line: &str| {
        let signature = hex::encode(key.sign(line.as_bytes()).unwrap());
        format!("{line}\n{{\"algorithm\":\"Ed25519\",\"key\":\"{}\",\"signature\":\"{signature}\"}}\n", key.fingerprint())
    };
    let error = |line: &str| Sealed::read(signed(line).as_bytes()).unwrap_err();
    assert_eq!(error(r#"{"format":2,"number":4,"says":{"witnessed":{}}}"#), StatementError::NewerFormat(2));
    assert!(matches!(error(r#"{"format":1,"number":4}"#), StatementError::Format(_)));
    let known = String::from_utf8(statement(every_saying(&key).remove(0)).sign(&key).unwrap()).unwrap();
    let grown = known.lines().next().unwrap().replace("{\"format\":1,", "{\"format\":1,\"more\":1,");
    assert!(matches!(error(&grown), StatementError::Format(_)), "what is not understood is not vouched for");
}
