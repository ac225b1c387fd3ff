//! The accounts of the sample and what they own: drawn once from the seed, then only read.

use crate::catalogue::Catalogue;
use crate::people::{self, Principal};
use crate::plan::Plan;
use crate::rng::{Rng, mix};
use crate::text;

/// The organization.
#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) id: String,
    /// The bucket of the organization trail.
    pub(crate) bucket: String,
    pub(crate) accounts: Vec<Account>,
    pub(crate) catalogue: Catalogue,
}

/// An account with its principals and belongings.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) people: Vec<Principal>,
    pools: Vec<Vec<String>>,
}

/// Kinds of things that an account owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    Bucket,
    Key,
    Function,
    Table,
    Role,
    Secret,
    Parameter,
    Instance,
    Network,
    Group,
    Subnet,
    User,
    Database,
}

const POOLS: [(char, Pool, u64); 13] = [
    ('b', Pool::Bucket, 24),
    ('k', Pool::Key, 16),
    ('f', Pool::Function, 40),
    ('t', Pool::Table, 18),
    ('R', Pool::Role, 48),
    ('S', Pool::Secret, 30),
    ('P', Pool::Parameter, 60),
    ('i', Pool::Instance, 90),
    ('v', Pool::Network, 5),
    ('g', Pool::Group, 40),
    ('s', Pool::Subnet, 18),
    ('n', Pool::User, 20),
    ('D', Pool::Database, 12),
];

const SYSTEMS: [&str; 12] =
    ["orders", "billing", "search", "ingest", "reports", "catalog", "shipping", "ledger", "media", "pricing", "crm", "platform"];
const PARTS: [&str; 12] =
    ["api", "worker", "events", "exports", "raw", "archive", "cache", "sync", "batch", "web", "stream", "index"];
const STAGES: [&str; 4] = ["prod", "production", "staging", "shared"];

impl Pool {
    /// The pool behind a letter of a template.
    pub(crate) fn of(letter: char) -> Option<Pool> {
        POOLS.iter().find(|(known, ..)| *known == letter).map(|(_, pool, _)| *pool)
    }
}

impl Organization {
    /// Draws the organization of a plan.
    pub(crate) fn new(plan: &Plan) -> Organization {
        let catalogue = Catalogue::new();
        let shares = crate::plan::shares(plan.accounts as usize, 45);
        let accounts = (0..).zip(shares).map(|(index, share)| account(plan, &catalogue, index, share)).collect();
        Organization { id: plan.organization.clone(), bucket: plan.bucket.clone(), accounts, catalogue }
    }
}

impl Account {
    /// Everything of one kind that the account owns, the most used first.
    pub(crate) fn owned(&self, pool: Pool) -> &[String] {
        self.pools.get(pool as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// The principal with this name.
    pub(crate) fn principal(&self, name: &str) -> Option<&Principal> {
        self.people.iter().find(|person| person.name == name)
    }
}

fn account(plan: &Plan, catalogue: &Catalogue, index: u64, share: u64) -> Account {
    let mut rng = Rng::new(mix(plan.seed, &[1, index]));
    let id = (100_000_000_000 + rng.below(899_999_999_999)).to_string();
    let pools = POOLS.iter().map(|(_, pool, count)| (0..*count).map(|_| belonging(*pool, &mut rng)).collect()).collect();
    let people = people::of_account(plan, catalogue, &id, index, share, &mut rng);
    Account { id, people, pools }
}

fn belonging(pool: Pool, rng: &mut Rng) -> String {
    let (system, part, stage) = (rng.pick(&SYSTEMS), rng.pick(&PARTS), rng.pick(&STAGES));
    let suffix = |rng: &mut Rng, count| text::written(|out| text::hex(out, rng.next(), count));
    match pool {
        Pool::Bucket => format!("{system}-{part}-{}", suffix(rng, 8)),
        Pool::Key => text::written(|out| text::uuid(out, [rng.next(), rng.next()])),
        Pool::Function => format!("{system}-{stage}-{part}-handler-{}", suffix(rng, 4)),
        Pool::Table => format!("{stage}-{system}-{part}"),
        Pool::Role => format!("{system}-{part}-{stage}-role"),
        Pool::Secret => format!("{stage}/{system}/{part}-{}", text::written(|out| text::token(out, rng, 6))),
        Pool::Parameter => format!("/{stage}/{system}/{part}/setting-{}", rng.below(40)),
        Pool::Instance => format!("i-0{}", suffix(rng, 16)),
        Pool::Network => format!("vpc-0{}", suffix(rng, 16)),
        Pool::Group => format!("sg-0{}", suffix(rng, 16)),
        Pool::Subnet => format!("subnet-0{}", suffix(rng, 16)),
        Pool::User => format!("svc-{system}-{part}"),
        Pool::Database => format!("{system}-{stage}-{part}-{}", rng.between(1, 3)),
    }
}
