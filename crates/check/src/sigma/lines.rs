//! Lines of a selection against what CloudTrail writes.

use predicate::sigma::FieldTest;
use record::columns::COLUMNS;

use crate::finding::Severity;
use crate::report::Found;

/// What a field's whole value looks like.
struct Form {
    field: &'static str,
    fits: fn(&str) -> bool,
    says: &'static str,
}

const FORMS: [Form; 7] = [
    Form {
        field: "eventSource",
        fits: |text| text.contains('.'),
        says: "sources are written out, as in `cloudtrail.amazonaws.com`",
    },
    Form { field: "eventName", fits: is_word, says: "names of events are words without blanks, as in `StopLogging`" },
    Form {
        field: "errorCode",
        fits: |text| !["success", "none", "ok", "null", ""].contains(&text.to_ascii_lowercase().as_str()),
        says: "a call that succeeds has no error code; write `errorCode: null`",
    },
    Form { field: "additionalEventData.MFAUsed", fits: |text| is_one_of(text, &["yes", "no"]), says: "it is `Yes` or `No`" },
    Form {
        field: "recipientAccountId",
        fits: is_account,
        says: "accounts have twelve digits; write them in quotes, so that zeros in front stay",
    },
    Form {
        field: "userIdentity.accountId",
        fits: is_account,
        says: "accounts have twelve digits; write them in quotes, so that zeros in front stay",
    },
    Form { field: "readOnly", fits: |text| is_one_of(text, &["true", "false"]), says: "it is `true` or `false`" },
];

/// What is wrong with a line, if it can never match, or asks for a field that is none of CloudTrail's.
pub(super) fn wrong(test: &FieldTest) -> Option<Found> {
    let mut words = test.field.split('|');
    let (field, modifiers) = (words.next().unwrap_or_default(), words.collect::<Vec<&str>>());
    if field.is_empty() {
        return None;
    }
    if !is_known(field) {
        return Some(unknown(field));
    }
    let texts: Vec<&str> = test.values.iter().map(|value| value.text.as_str()).collect();
    if modifiers == ["fieldref"] {
        return texts.iter().any(|other| is_arn(field) != is_arn(other)).then(|| kinds(field, &texts));
    }
    let is_plain = modifiers.iter().all(|modifier| ["cased", "neq"].contains(modifier));
    let form = FORMS.iter().find(|form| form.field == field).filter(|_| is_plain)?;
    let is_never = |text: &&&str| !text.contains(['*', '?', '\\']) && **text != "null" && !(form.fits)(text);
    let never: Vec<&str> = texts.iter().filter(is_never).copied().collect();
    (!never.is_empty()).then(|| {
        let what = format!("`{field}` is never `{}`", never.join("`, `"));
        Found::new("sigma-value-never", Severity::High, what, "this line matches no record, or keeps none out").write(form.says)
    })
}

fn unknown(field: &str) -> Found {
    let key = field.split('.').next().unwrap_or_default();
    let near = tops().find(|top| top.eq_ignore_ascii_case(key));
    let what = format!("CloudTrail writes no field `{key}`");
    let found = Found::new("sigma-field-unknown", Severity::High, what, "names of fields are compared with upper and lower case");
    match near {
        Some(near) => found.write(field.replacen(key, near, 1)),
        None => {
            found.write("a field of the record, as in `sourceIPAddress`; names of other engines have to be mapped to CloudTrail's")
        }
    }
}

fn kinds(field: &str, others: &[&str]) -> Found {
    let what = format!("`{field}` is never equal to `{}`", others.join("`, `"));
    let why = "one of them is an ARN and the other is not, so this line matches no record, or keeps none out";
    Found::new("sigma-value-never", Severity::High, what, why).write(format!("{field}|fieldref|endswith: {}", others.join(", ")))
}

/// The first keys of a record.
fn tops() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().filter_map(|spec| spec.path.split('.').next())
}

fn is_known(field: &str) -> bool {
    const ALSO: [&str; 3] = ["eventId", "accountId", "requestId"];
    let key = field.split('.').next().unwrap_or_default();
    ALSO.contains(&key) || tops().any(|top| top == key)
}

fn is_arn(field: &str) -> bool {
    field.rsplit('.').next().is_some_and(|key| key.to_ascii_lowercase().ends_with("arn"))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-:".contains(&byte))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) || ["anonymous", "000000000000"].contains(&text)
}

fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}
