//! Principals and their habits: each has its addresses, programs, regions and favourite calls, and keeps to them.
//! Whatever breaks a habit therefore means something, which is what detection is tested against.

use crate::agents;
use crate::catalogue::{Call, Caller, Catalogue};
use crate::plan::Plan;
use crate::rng::{Rng, favour, scale};
use crate::text;

/// The user whose access key leaks in the attack. Until then it writes reports at night.
pub(crate) const VICTIM: &str = "svc-reports";

/// The kinds of `userIdentity` that the sample knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Root,
    User,
    /// A machine in a role.
    Role,
    /// A person in a role of IAM Identity Center.
    Person,
    IdentityCenter,
    Federated,
    /// A role that belongs to a service.
    Linked,
    Service,
}

/// Somebody or something that calls.
#[derive(Debug)]
pub(crate) struct Principal {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) id: String,
    /// Access key of a user; empty for those with temporary keys.
    pub(crate) key: String,
    pub(crate) arn: String,
    pub(crate) agents: Vec<String>,
    pub(crate) vpc_endpoint: Option<String>,
    /// Session name of a role; empty when each session draws its own.
    pub(crate) session: String,
    pub(crate) seed: u64,
    pub(crate) account: String,
    pub(crate) addresses: Vec<String>,
    regions: Vec<usize>,
    activity: u64,
    /// Cumulative weight and position in the catalogue.
    habits: Vec<(u64, usize)>,
}

const TEAMS: [&str; 10] =
    ["orders", "billing", "search", "ingest", "reports", "catalog", "shipping", "ledger", "media", "platform"];
const JOBS: [&str; 9] = ["task", "worker", "deploy", "node", "lambda", "exporter", "scanner", "replicator", "backup"];
const FIRST: [&str; 14] =
    ["ana", "ben", "chiara", "david", "elif", "farid", "greta", "hugo", "ines", "jonas", "kaya", "lena", "marek", "noor"];
const LAST: [&str; 12] =
    ["almeida", "becker", "costa", "dahl", "eriksen", "fischer", "garcia", "haddad", "ito", "jansen", "kowalski", "lang"];

impl Principal {
    /// How likely it is to be the one that calls in this region at this time.
    pub(crate) fn activity(&self, region: usize, office: bool) -> u64 {
        if !self.everywhere() && !self.regions.contains(&region) {
            return 0;
        }
        match self.kind {
            Kind::Person | Kind::IdentityCenter | Kind::Federated if !office => self.activity / 25,
            _ => self.activity,
        }
    }

    fn everywhere(&self) -> bool {
        matches!(self.kind, Kind::Service | Kind::Linked)
    }

    /// One of its usual calls.
    pub(crate) fn habit(&self, rng: &mut Rng) -> Option<usize> {
        let total = self.habits.last()?.0;
        let random = rng.below(total);
        let at = self.habits.partition_point(|(sum, _)| *sum <= random);
        self.habits.get(at).map(|(_, call)| *call)
    }

    /// One of its usual addresses: the service's name for services.
    pub(crate) fn address(&self, rng: &mut Rng) -> &str {
        favourite(&self.addresses, rng)
    }

    /// One of its usual programs.
    pub(crate) fn agent(&self, rng: &mut Rng) -> &str {
        favourite(&self.agents, rng)
    }

    /// When the session of that moment began: temporary credentials live for an hour.
    pub(crate) fn session_start_s(&self, at_s: i64) -> i64 {
        let offset = (self.seed % 3600) as i64;
        at_s - (at_s - offset).rem_euclid(3600)
    }
}

fn favourite<'a>(items: &'a [String], rng: &mut Rng) -> &'a str {
    let at = favour(rng.next(), items.len() as u64) as usize;
    items.get(at).map(String::as_str).unwrap_or_default()
}

/// Draws the principals of one account.
pub(crate) fn of_account(
    plan: &Plan,
    catalogue: &Catalogue,
    account: &str,
    index: u64,
    share: u64,
    rng: &mut Rng,
) -> Vec<Principal> {
    let size = 20 + share / 90;
    let victim_here = index == 1 || plan.accounts == 1;
    let mut kinds = vec![Kind::Root, Kind::Federated, Kind::IdentityCenter];
    kinds.extend(std::iter::repeat_n(Kind::Service, agents::SERVICES.len()));
    kinds.extend(std::iter::repeat_n(Kind::Linked, 4));
    kinds.extend(std::iter::repeat_n(Kind::User, 1 + size as usize / 12));
    kinds.extend(std::iter::repeat_n(Kind::Person, size as usize / 3));
    kinds.extend(std::iter::repeat_n(Kind::Role, size as usize));
    let mut people: Vec<Principal> =
        (0..).zip(kinds).map(|(number, kind)| principal(kind, number, account, plan.regions.len(), rng)).collect();
    if victim_here && let Some(user) = people.iter_mut().find(|person| person.kind == Kind::User) {
        user.name = VICTIM.to_owned();
        user.arn = format!("arn:aws:iam::{account}:user/{VICTIM}");
        user.regions = vec![0];
    }
    for person in &mut people {
        person.habits = habits(person, catalogue, rng);
    }
    people
}

fn principal(kind: Kind, number: u64, account: &str, regions: usize, rng: &mut Rng) -> Principal {
    let seed = rng.next();
    let name = name(kind, number, rng);
    let session = session(kind, rng);
    Principal {
        kind,
        id: id(kind, rng),
        key: if kind == Kind::User {
            text::written(|out| {
                text::push(out, "AKIA");
                text::base32(out, rng, 16);
            })
        } else {
            String::new()
        },
        arn: arn(kind, account, &name, &session),
        agents: user_agents(kind, &name, rng),
        addresses: addresses(kind, &name, rng),
        vpc_endpoint: (kind == Kind::Role && rng.chance(1, 4)).then(|| format!("vpce-0{:016x}", rng.next())),
        regions: home_regions(kind, regions, rng),
        activity: activity(kind, rng),
        habits: Vec::new(),
        account: account.to_owned(),
        name,
        session,
        seed,
    }
}

fn name(kind: Kind, number: u64, rng: &mut Rng) -> String {
    let team = rng.pick(&TEAMS);
    match kind {
        Kind::Root => "root".to_owned(),
        Kind::Service => agents::SERVICES.get(number.wrapping_sub(3) as usize).copied().unwrap_or("ec2.amazonaws.com").to_owned(),
        Kind::Linked => {
            ["AWSServiceRoleForConfig", "AWSServiceRoleForAmazonInspector2", "AWSServiceRoleForAutoScaling", "AWSServiceRoleForECS"]
                .get(number as usize % 4)
                .copied()
                .unwrap_or_default()
                .to_owned()
        }
        Kind::User => format!("svc-{team}-{number}"),
        Kind::Role => format!("{team}-{}-{number}", rng.pick(&JOBS)),
        Kind::Person => format!(
            "AWSReservedSSO_{}_{:016x}",
            rng.pick(&["Developer", "PowerUserAccess", "ReadOnly", "Operations", "AdministratorAccess"]),
            rng.next()
        ),
        Kind::IdentityCenter | Kind::Federated => rng.pick(&FIRST).to_owned(),
    }
}

/// The session name of a role; empty when each session draws its own.
fn session(kind: Kind, rng: &mut Rng) -> String {
    match kind {
        Kind::Person => format!("{}.{}@example.com", rng.pick(&FIRST), rng.pick(&LAST)),
        Kind::Linked => "AWSServiceSession".to_owned(),
        Kind::Role => match rng.below(4) {
            0 => String::new(),
            1 => format!("{}-{}-handler", rng.pick(&TEAMS), rng.pick(&JOBS)),
            2 => text::written(|out| text::hex(out, rng.next(), 16)),
            _ => format!("i-0{:016x}", rng.next()),
        },
        _ => String::new(),
    }
}

fn id(kind: Kind, rng: &mut Rng) -> String {
    let prefix = match kind {
        Kind::IdentityCenter => {
            return text::written(|out| text::uuid(out, [rng.next(), rng.next()]));
        }
        Kind::User | Kind::Federated => "AIDA",
        _ => "AROA",
    };
    text::written(|out| {
        text::push(out, prefix);
        text::base32(out, rng, 17);
    })
}

fn arn(kind: Kind, account: &str, name: &str, session: &str) -> String {
    match kind {
        Kind::Root => format!("arn:aws:iam::{account}:root"),
        Kind::User => format!("arn:aws:iam::{account}:user/{name}"),
        Kind::Federated => format!("arn:aws:sts::{account}:federated-user/{name}"),
        _ if session.is_empty() => {
            format!("arn:aws:sts::{account}:assumed-role/{name}/botocore-session")
        }
        _ => format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
    }
}

fn user_agents(kind: Kind, name: &str, rng: &mut Rng) -> Vec<String> {
    let mut draw = |patterns: &[&str], count: u64| -> Vec<String> {
        (0..count).map(|_| rng.pick(patterns)).collect::<Vec<_>>().iter().map(|pattern| agents::versioned(pattern, rng)).collect()
    };
    match kind {
        Kind::Service => vec![name.to_owned()],
        Kind::Linked => vec![linked_service(name).to_owned()],
        Kind::Root | Kind::IdentityCenter | Kind::Federated => draw(&agents::CONSOLE, 1),
        Kind::Person => [draw(&agents::CONSOLE, 2), draw(&agents::TERMINAL, 2)].concat(),
        Kind::User | Kind::Role => draw(&agents::MACHINE, 2),
    }
}

fn linked_service(role: &str) -> &'static str {
    match role {
        "AWSServiceRoleForConfig" => "config.amazonaws.com",
        "AWSServiceRoleForAmazonInspector2" => "inspector2.amazonaws.com",
        "AWSServiceRoleForAutoScaling" => "autoscaling.amazonaws.com",
        _ => "ecs.amazonaws.com",
    }
}

/// People sit behind an office and a home; machines have public or private addresses. Documentation ranges only.
fn addresses(kind: Kind, name: &str, rng: &mut Rng) -> Vec<String> {
    match kind {
        Kind::Service => vec![name.to_owned()],
        Kind::Linked => vec![linked_service(name).to_owned()],
        Kind::Role => (0..rng.between(1, 4)).map(|_| machine_address(rng)).collect(),
        _ => vec![format!("203.0.113.{}", rng.between(10, 14)), format!("192.0.2.{}", rng.between(1, 254))],
    }
}

fn machine_address(rng: &mut Rng) -> String {
    match rng.below(10) {
        0 => format!("2001:db8:{:x}:{:x}::{:x}", rng.below(0xffff), rng.below(0xffff), rng.below(0xffff)),
        1..5 => format!("10.{}.{}.{}", rng.below(32), rng.below(256), rng.between(1, 254)),
        _ => format!("198.51.100.{}", rng.between(1, 254)),
    }
}

fn home_regions(kind: Kind, regions: usize, rng: &mut Rng) -> Vec<usize> {
    let mut draw = || favour(rng.next(), regions as u64) as usize;
    match kind {
        Kind::Root => vec![0],
        _ => vec![draw(), draw()],
    }
}

fn activity(kind: Kind, rng: &mut Rng) -> u64 {
    match kind {
        Kind::Root => 15,
        Kind::IdentityCenter | Kind::Federated => 80,
        Kind::Service => rng.between(450, 1000),
        Kind::Linked => rng.between(150, 300),
        Kind::User => rng.between(900, 2400),
        Kind::Person => rng.between(50, 300),
        Kind::Role => rng.between(100, 1000),
    }
}

/// Draws a favourite set of calls, and how much it likes each.
fn habits(person: &Principal, catalogue: &Catalogue, rng: &mut Rng) -> Vec<(u64, usize)> {
    let (calls, wanted) = (&catalogue.calls, habit_count(person.kind));
    let total: u64 = calls.iter().filter(|call| suits(person.kind, call)).map(|call| call.weight).sum();
    let mut chosen: Vec<usize> = (0..wanted).map(|_| weighted(person.kind, calls, scale(rng.next(), total))).collect();
    chosen.sort_unstable();
    let mut sum = 0;
    let mut habit = |call| {
        sum += rng.between(1, 4);
        (sum, call)
    };
    chosen.into_iter().map(&mut habit).collect()
}

fn habit_count(kind: Kind) -> usize {
    match kind {
        Kind::Person => 140,
        Kind::Role => 48,
        Kind::Service => 12,
        _ => 40,
    }
}

fn suits(kind: Kind, call: &Call) -> bool {
    match kind {
        Kind::Service => call.caller == Caller::Service,
        Kind::Person | Kind::Root => call.caller != Caller::Service,
        Kind::Linked => call.caller == Caller::Anyone && call.read && !call.data,
        _ => call.caller == Caller::Anyone,
    }
}

fn weighted(kind: Kind, calls: &[Call], mut random: u64) -> usize {
    for (at, call) in calls.iter().enumerate().filter(|(_, call)| suits(kind, call)) {
        if random < call.weight {
            return at;
        }
        random -= call.weight;
    }
    0
}
