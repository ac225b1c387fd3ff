//! What was refused, and which kind of policy refused it, where the message says so.

use std::collections::HashMap;

use crate::event::Event;
use crate::limits::DENIALS_MAX;
use crate::model::Denial;

/// What AWS's messages say, and what that means.
const REASONS: [(&str, &str); 12] = [
    ("explicit deny in a service control policy", "explicitly denied by a service control policy"),
    ("no service control policy allows", "not allowed by a service control policy"),
    ("explicit deny in a resource control policy", "explicitly denied by a resource control policy"),
    ("explicit deny in a permissions boundary", "explicitly denied by the permissions boundary"),
    ("no permissions boundary allows", "not allowed by the permissions boundary"),
    ("explicit deny in a session policy", "explicitly denied by the session policy"),
    ("no session policy allows", "not allowed by the session policy"),
    ("explicit deny in an identity-based policy", "explicitly denied by an identity-based policy"),
    ("no identity-based policy allows", "no identity-based policy allows it"),
    ("explicit deny in a resource-based policy", "explicitly denied by a resource-based policy"),
    ("no resource-based policy allows", "no resource-based policy allows it"),
    ("VPC endpoint policy", "denied by a VPC endpoint policy"),
];

/// Refusals by service, event and error.
#[derive(Default)]
pub struct Denied(HashMap<(String, String, String, Option<&'static str>), Denial>);

impl Denied {
    /// Takes a refused event in.
    pub fn take(&mut self, event: &Event<'_>, by: usize) {
        let reason = REASONS.iter().find(|(words, _)| event.message.contains(words)).map(|(_, meaning)| *meaning);
        let error = if event.error.is_empty() { event.message } else { event.error };
        let key = (event.service().to_owned(), event.name.to_owned(), error.to_owned(), reason);
        if self.0.len() >= DENIALS_MAX && !self.0.contains_key(&key) {
            return;
        }
        let denial = self.0.entry(key).or_insert_with(|| Denial { by, ..Denial::default() });
        denial.count += 1;
        denial.times.add(event.time_us);
    }

    /// The refusals, in the order in which they began.
    pub fn denials(self) -> Vec<Denial> {
        let all = self.0.into_iter().map(|((service, event, error, reason), denial)| Denial {
            service,
            event,
            error,
            reason: reason.map(str::to_owned),
            ..denial
        });
        let mut all: Vec<Denial> = all.collect();
        all.sort_by(|a, b| {
            a.times.first_us.cmp(&b.times.first_us).then_with(|| (&a.service, &a.event).cmp(&(&b.service, &b.event)))
        });
        all
    }
}
