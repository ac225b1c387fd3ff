//! A pattern beside the controls of the CIS monitoring set: which one it is for, what of that goes past it, what it takes besides.

use predicate::pattern::Pattern;

use super::{Wire, written};
use crate::cis::{Control, controls};
use crate::finding::{Evidence, Severity};
use crate::patterns::alternatives;
use crate::report::{Found, Report};
use crate::running::Running;
use crate::witness::Witness;

/// The part of the events of a published pattern that a pattern must catch to be for the same control.
const SHARE_MIN: f64 = 0.5;

/// Events that a pattern must catch to be for a second control too; fewer may be by chance.
const CAUGHT_MIN: usize = 3;

/// A control that a pattern is for, with what it catches of it.
struct Aim {
    control: &'static Control,
    caught: Vec<Witness>,
    missed: Vec<Witness>,
    /// Missed events that the published pattern catches.
    missed_of_published: usize,
    /// The part that it catches of what the published pattern does.
    share: f64,
}

/// Judges a pattern; gives the events that it catches.
pub fn by_controls(pattern: &Pattern, running: &Running, wire: Option<&Wire>, report: &mut Report) -> Vec<Witness> {
    let fields = matches!(pattern, Pattern::Json(_));
    let mut aims: Vec<Aim> = controls().iter().filter_map(|control| aim(control, running)).collect();
    let most = aims.iter().map(|aim| aim.share).fold(0.0, f64::max);
    // What looks at the event as a line is for no control, even where it happens to match.
    aims.retain(|aim| fields && (aim.share >= most || aim.caught.len() >= CAUGHT_MIN));
    for aim in &aims {
        missed(aim, pattern, wire, report);
        besides(aim, &aims, running, wire, report);
    }
    let mut caught: Vec<Witness> =
        controls().iter().flat_map(Control::fires).filter(|witness| running.holds(&witness.event)).collect();
    if caught.is_empty() {
        let made = alternatives::witnesses(pattern).into_iter();
        caught = made.map(|event| Witness { label: "an event made from its own conditions".to_owned(), event }).collect();
    }
    caught
}

fn aim(control: &'static Control, running: &Running) -> Option<Aim> {
    let published = Pattern::parse(control.newest()).ok().as_ref().and_then(Running::pattern)?;
    let (caught, missed): (Vec<Witness>, Vec<Witness>) =
        control.fires().into_iter().partition(|witness| running.holds(&witness.event));
    let of_published = |list: &[Witness]| list.iter().filter(|witness| published.holds(&witness.event)).count();
    let (both, missed_of_published) = (of_published(&caught), of_published(&missed));
    let share = both as f64 / (both + missed_of_published).max(1) as f64;
    (share >= SHARE_MIN).then_some(Aim { control, caught, missed, missed_of_published, share })
}

fn missed(aim: &Aim, pattern: &Pattern, wire: Option<&Wire>, report: &mut Report) {
    let Aim { control, caught, missed, missed_of_published, .. } = aim;
    if missed.is_empty() {
        return;
    }
    let total = caught.len() + missed.len();
    let as_published =
        control.published.iter().any(|published| Pattern::parse(&published.pattern).is_ok_and(|p| same(&p, pattern)));
    let severity = if *missed_of_published > 0 { control.severity() } else { control.severity().min(Severity::Medium) };
    let what = format!("it misses {} of {total} events of `{}` ({})", missed.len(), control.title, control.named());
    let why = if as_published {
        format!(
            "it is the pattern that CIS publishes, and Security Hub passes no other: keep it, and add a second one; {}",
            control.why
        )
    } else {
        control.why.clone()
    };
    let corrected = if as_published { written::second_filter(control, wire) } else { written::filter(control, wire) };
    let evidence = missed.iter().map(|witness| Evidence::event(&witness.label, "not caught", &witness.event));
    let blind = control.blind();
    let untold = blind
        .iter()
        .map(|witness| Evidence::event(&witness.label, "no filter can tell; ask the identity provider's log", &witness.event));
    let found = Found::new("filter-misses", severity, what, why).by(evidence).by(untold).write(corrected);
    report.find(found.source("watch/cis: the control's witness events; CIS AWS Foundations Benchmark, monitoring section"));
}

/// Whether two patterns ask the same, whatever the blanks.
fn same(one: &Pattern, other: &Pattern) -> bool {
    let lowered = |pattern: &Pattern| pattern.lower(predicate::pattern::Semantics::default());
    lowered(one).is_some() && lowered(one) == lowered(other)
}

/// Events that it catches though they are nothing to tell.
fn besides(aim: &Aim, aims: &[Aim], running: &Running, wire: Option<&Wire>, report: &mut Report) {
    let wanted = |witness: &Witness| aims.iter().any(|aim| aim.caught.iter().any(|caught| caught.event == witness.event));
    let taken: Vec<Witness> =
        aim.control.quiet().into_iter().filter(|witness| running.holds(&witness.event) && !wanted(witness)).collect();
    if taken.is_empty() {
        return;
    }
    let what = format!("it takes events that are not `{}`", aim.control.title);
    let why = "an alarm that rings for what did not happen is not heard when it does";
    let evidence = taken.iter().map(|witness| Evidence::event(&witness.label, "caught", &witness.event));
    let found = Found::new("filter-takes-others", Severity::Low, what, why).by(evidence).write(written::filter(aim.control, wire));
    report.find(found.source("watch/cis: the control's witness events; CIS AWS Foundations Benchmark, monitoring section"));
}
