//! Folds events into what an investigation tells. Events are seen once and not kept.

mod data;
mod denied;
mod timeline;

use std::collections::HashSet;

use crate::event::Event;
use crate::lasting;
use crate::limits::LASTING_MAX;
use crate::model::{Class, Container, Denial, Lasting, Run, SignIns, Summary};
use crate::resource;
use crate::tally::{Count, Tally};

/// Everything that is counted while events pass.
#[derive(Default)]
pub struct Gathered {
    /// Sums.
    pub total: Count,
    /// Events that failed without being refused.
    pub failed: u64,
    /// `sourceIPAddress`.
    pub addresses: Tally,
    /// `userAgent`.
    pub agents: Tally,
    /// `awsRegion`.
    pub regions: Tally,
    /// `service:EventName`.
    pub apis: Tally,
    /// `recipientAccountId`.
    pub accounts: Tally,
    /// `userIdentity.accessKeyId` of what was asked about.
    pub keys: Tally,
    /// `sourceIdentity`.
    pub source_identities: Tally,
    /// Console sign-ins.
    pub sign_ins: SignIns,
    timeline: timeline::Timeline,
    data: data::Data,
    denied: denied::Denied,
    lasting: Vec<Lasting>,
    lasting_omitted: u64,
}

impl Gathered {
    /// Takes an event in that was done by `followed[by]`.
    pub fn take(&mut self, event: &Event<'_>, by: usize) {
        self.total.add(event);
        self.failed += u64::from(event.failed() && !event.denied());
        self.addresses.add(event.address, event);
        self.agents.add(event.agent, event);
        self.regions.add(event.region, event);
        self.apis.add(&format!("{}:{}", event.service(), event.name), event);
        self.accounts.add(event.account, event);
        self.source_identities.add(event.source_identity, event);
        if by == 0 {
            self.keys.add(event.key, event);
        }
        self.sign_in(event);
        let may_last = lasting::may_last(event);
        let touch = data::touch(event);
        let is_looked_into = event.writes() || may_last || touch.is_some();
        let request = if is_looked_into { Event::parsed(event.request) } else { None };
        let lasts = if may_last { lasting::lasting(event, request.as_ref()) } else { None };
        let class = lasts.as_ref().filter(|lasting| lasting.error.is_none()).and_then(|lasting| lasting.class);
        let target = lasts.as_ref().and_then(|lasting| lasting.target.clone());
        let target = target.or_else(|| resource::target(event, request.as_ref()));
        self.timeline.take(event, by, target.as_deref(), class);
        if event.denied() {
            self.denied.take(event, by);
        }
        if let (Some(touch), Some(request)) = (touch, &request) {
            self.data.take(event, &touch, request, by);
        }
        if let Some(lasts) = lasts {
            self.keep(Lasting { by, ..lasts });
        }
    }

    fn sign_in(&mut self, event: &Event<'_>) {
        if event.name != "ConsoleLogin" {
            return;
        }
        let worked = !event.failed();
        self.sign_ins.succeeded += u64::from(worked);
        self.sign_ins.failed += u64::from(!worked);
        // Federated people bring their second factor with them: the event says `No` for all of them.
        let is_own = matches!(event.identity_type, "IAMUser" | "Root");
        self.sign_ins.without_mfa += u64::from(worked && is_own && event.login_mfa == "No");
    }

    fn keep(&mut self, lasting: Lasting) {
        if self.lasting.len() < LASTING_MAX {
            self.lasting.push(lasting);
        } else {
            self.lasting_omitted += 1;
        }
    }

    /// The lasting changes in order, and how many were too many; `is_new` is asked about an API and an address.
    pub fn lasting(&mut self, is_new: &dyn Fn(&str, &str) -> bool) -> (Vec<Lasting>, u64) {
        let mut found = std::mem::take(&mut self.lasting);
        // Both sides of one action name the same thing: the caller's side is enough.
        let mut seen = HashSet::new();
        found.sort_by(|a, b| (a.time_us, &a.event_id).cmp(&(b.time_us, &b.event_id)));
        found.retain(|lasting| lasting.event_id.is_empty() || seen.insert(lasting.event_id.clone()));
        for lasting in &mut found {
            lasting.is_new = is_new(&format!("{}:{}", lasting.service, lasting.event), &lasting.address);
        }
        (found, self.lasting_omitted)
    }

    /// The timeline, and how many runs were too many.
    pub fn timeline(&mut self, is_new: &dyn Fn(&str, &str) -> bool) -> (Vec<Run>, u64) {
        std::mem::take(&mut self.timeline).runs(is_new)
    }

    /// The data that was touched.
    pub fn data(&mut self) -> Vec<Container> {
        std::mem::take(&mut self.data).containers()
    }

    /// What was refused.
    pub fn denied(&mut self) -> Vec<Denial> {
        std::mem::take(&mut self.denied).denials()
    }

    /// The numbers that matter first.
    pub fn summary(&self, lasting: &[Lasting], data: &[Container], own_events: u64) -> Summary {
        let worked = |class| lasting.iter().filter(|found| found.error.is_none() && found.class == Some(class)).count() as u64;
        Summary {
            events: self.total.events,
            writes: self.total.writes,
            denied: self.total.denied,
            failed: self.failed,
            followed_events: self.total.events.saturating_sub(own_events),
            access: worked(Class::Access),
            access_new: lasting
                .iter()
                .filter(|found| found.error.is_none() && found.class == Some(Class::Access) && found.is_new)
                .count() as u64,
            hiding: worked(Class::Hiding),
            effect: worked(Class::Effect),
            objects_read: data.iter().filter(|container| container.action == "read").map(|container| container.objects).sum(),
            times: self.total.times,
        }
    }
}
