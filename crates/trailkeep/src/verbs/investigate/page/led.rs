//! Where it led: a tree of sessions, keys, users and roles.

use investigate::model::{Followed, How, Investigation};

use super::{Length, heading, moment, more};
use crate::figures;
use crate::output::{Screen, clean};

/// Lines of the tree that are shown.
const LINES_MAX: usize = 25;
/// Indentation stops growing there.
const DEPTH_SHOWN_MAX: usize = 12;

/// The section; nothing where it led nowhere.
pub fn section(found: &Investigation, length: Length, screen: Screen) -> Vec<String> {
    let led = (found.followed.len() as u64).saturating_sub(1);
    if led == 0 {
        return Vec::new();
    }
    let mut lines = vec![heading("where it led", led, screen)];
    let all = order(found);
    let order: Vec<(usize, usize)> = all.iter().copied().filter(|(at, _)| length == Length::Full || is_told(found, *at)).collect();
    let quiet = all.len().saturating_sub(order.len());
    let shown = length.lines(LINES_MAX);
    for (at, depth) in order.iter().take(shown) {
        if let Some(followed) = found.followed.get(*at) {
            lines.push(line(*at, *depth, followed, screen));
        }
    }
    lines.extend(more(order.len().saturating_sub(shown) as u64, ("session or key", "sessions and keys"), screen));
    lines.extend(more(
        quiet as u64,
        ("session that it took and that did nothing", "sessions that it took and that did nothing"),
        screen,
    ));
    if found.followed_omitted > 0 {
        lines.push(format!("  … {} were not followed: there are too many", figures::count(found.followed_omitted)));
    }
    lines
}

/// Sessions that nobody used are counted only.
fn is_told(found: &Investigation, at: usize) -> bool {
    found.followed.get(at).is_some_and(|followed| followed.how != How::Assumed || followed.events > 0)
}

/// The tree in reading order, with depths. A quiet session with nothing behind it comes after those that did something.
fn order(found: &Investigation) -> Vec<(usize, usize)> {
    let mut order = Vec::new();
    let mut waiting = vec![(0, 0)];
    while let Some((at, depth)) = waiting.pop() {
        order.push((at, depth));
        let mut children: Vec<(usize, &Followed)> =
            found.followed.iter().enumerate().filter(|(_, followed)| followed.from == Some(at)).collect();
        children.sort_by_key(|(_, followed)| (followed.events == 0, followed.since_us));
        waiting.extend(children.into_iter().rev().map(|(child, _)| (child, depth + 1)));
    }
    order
}

fn line(at: usize, depth: usize, followed: &Followed, screen: Screen) -> String {
    let indent = "   ".repeat(depth.min(DEPTH_SHOWN_MAX));
    let how = match followed.how {
        How::Asked => String::new(),
        How::Assumed => format!("└ {} took the session ", moment(followed.since_us)),
        How::KeyMade => format!("└ {} made a key for ", moment(followed.since_us)),
        How::PasswordSet => format!("└ {} set the password of ", moment(followed.since_us)),
        How::UserMade => format!("└ {} made the user ", moment(followed.since_us)),
        How::RoleOpened => format!("└ {} opened the role ", moment(followed.since_us)),
    };
    let id = if matches!(followed.how, How::Assumed | How::KeyMade) { format!(" ({})", followed.id) } else { String::new() };
    let denied = if followed.denied > 0 { format!(", {} refused", figures::count(followed.denied)) } else { String::new() };
    let did = match (followed.events, followed.how) {
        (0, How::RoleOpened) => "nobody came in by it".to_owned(),
        (0, How::UserMade | How::PasswordSet | How::KeyMade | How::Assumed) => "not used".to_owned(),
        (events, How::RoleOpened) => format!("came in by it: {}", figures::counted(events, "time")),
        (events, _) => format!("{}, {}{denied}", figures::counted(events, "event"), figures::counted(followed.writes, "write")),
    };
    let account = if followed.account.is_empty() { String::new() } else { format!(" in {}", followed.account) };
    let who = clean(&format!("[{at}] {how}{}{id}{account}", followed.name));
    format!("{indent}{who}  {}", screen.dim(&did))
}
