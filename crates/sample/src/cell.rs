//! One day of one account in one region, made file by file: the unit of work, and the reason why memory stays small.

use std::collections::{BTreeMap, VecDeque};

use crate::attack::Planted;
use crate::delivery::{Address, Content, Delivery, Folder, Packer};
use crate::families::{self, Episode};
use crate::organization::Organization;
use crate::people::Principal;
use crate::plan::{DAY_S, FileSizes, Plan};
use crate::record::{self, Place};
use crate::rhythm;
use crate::rng::{Rng, mix};
use crate::second_trail::SecondTrail;
use crate::totals::Tally;

/// What all cells use, one after the other.
pub(crate) struct Workshop {
    pub(crate) plan: Plan,
    pub(crate) organization: Organization,
    pub(crate) packer: Packer,
    pub(crate) tally: Tally,
    /// Files to hand out next.
    pub(crate) ready: VecDeque<Delivery>,
    /// Files to hand out at the end of a later day.
    pub(crate) late: BTreeMap<i64, Vec<Delivery>>,
    content: Content,
    identity: Vec<u8>,
}

impl Workshop {
    pub(crate) fn new(plan: Plan) -> Workshop {
        Workshop {
            organization: Organization::new(&plan),
            packer: Packer::new(plan.gzip_level),
            plan,
            tally: Tally::default(),
            ready: VecDeque::new(),
            late: BTreeMap::new(),
            content: Content::default(),
            identity: Vec::new(),
        }
    }
}

/// Where a cell is and how much happens in it.
pub(crate) struct Spot {
    /// Days since 1970.
    pub(crate) day: i64,
    pub(crate) account: usize,
    pub(crate) region: String,
    /// Ordinary records.
    pub(crate) events: u64,
    /// Records of the attack, oldest first.
    pub(crate) planted: VecDeque<Planted>,
}

/// A cell at work.
pub(crate) struct Cell {
    spot: Spot,
    done: u64,
    rng: Rng,
    second: Option<SecondTrail>,
    /// Cumulative activity and position among the account's people, at work and after hours.
    office: Vec<(u64, usize)>,
    night: Vec<(u64, usize)>,
}

/// An API call to be written: a moment, and the attack's record when it is not an ordinary one.
type Moment = (i64, Option<Planted>);

impl Cell {
    pub(crate) fn new(shop: &Workshop, spot: Spot) -> Cell {
        let position = shop.plan.regions.iter().position(|region| *region == spot.region);
        let seed = mix(shop.plan.seed, &[2, spot.day as u64, spot.account as u64, position.map_or(99, |at| at as u64)]);
        let people = shop.organization.accounts.get(spot.account).map(|account| account.people.as_slice());
        let crew = |office| crew(people.unwrap_or_default(), position, office);
        Cell {
            second: SecondTrail::new(&shop.plan, spot.account, mix(seed, &[3])),
            office: crew(true),
            night: crew(false),
            rng: Rng::new(seed),
            done: 0,
            spot,
        }
    }

    /// Makes the next file or files; false when the day is over.
    pub(crate) fn advance(&mut self, shop: &mut Workshop) -> bool {
        let window_s = self.window_s(shop.plan.end_s());
        if let Some(front_s) = self.spot.planted.front().map(|planted| planted.at_s)
            && (self.done >= self.spot.events || front_s < window_s)
        {
            self.calls(shop, front_s, 0);
            return true;
        }
        if self.done >= self.spot.events {
            self.close_second(shop);
            return false;
        }
        let size = rhythm::file_size(shop.plan.events_per_file, &mut self.rng).min(self.spot.events - self.done);
        self.ordinary_file(shop, window_s, size);
        true
    }

    /// Start of the next five-minute window, early enough to be delivered before the plan ends.
    fn window_s(&mut self, end_s: i64) -> i64 {
        let second = rhythm::second_of_day(self.done, self.spot.events);
        (self.spot.day * DAY_S + second + self.rng.below(240) as i64).min(end_s - 900)
    }

    fn ordinary_file(&mut self, shop: &mut Workshop, window_s: i64, size: u64) {
        match self.rng.below(1000) {
            0 if size >= 2 && window_s + 4000 < shop.plan.end_s() => self.insight(shop, window_s),
            1..15 => self.family(shop, Folder::Aggregated, window_s, size.min(8)),
            15..45 => self.family(shop, Folder::NetworkActivity, window_s, size),
            _ => self.calls(shop, window_s, size),
        }
    }

    /// A file of API calls, the attack's records of that window among them.
    fn calls(&mut self, shop: &mut Workshop, window_s: i64, size: u64) {
        let (moments, ordinary) = self.moments(shop.plan.events_per_file, window_s, size);
        let last_s = moments.iter().map(|(at_s, _)| *at_s).max().unwrap_or(window_s);
        let crew = self.burst(window_s, moments.len() as u64);
        for (at_s, planted) in moments {
            match planted {
                Some(planted) => self.plant(shop, &planted),
                None => self.call(shop, &crew, at_s),
            }
        }
        self.done += ordinary;
        self.deliver(shop, Folder::CloudTrail, last_s.max(window_s + 290));
    }

    /// Times of the file's records: ordered in about three files of four.
    fn moments(&mut self, sizes: FileSizes, window_s: i64, size: u64) -> (Vec<Moment>, u64) {
        let most = match sizes {
            FileSizes::Real => 620,
            FileSizes::Fixed(most) => most.max(1) as usize,
        };
        let mut moments: Vec<Moment> = Vec::new();
        while moments.len() < most
            && let Some(planted) = self.spot.planted.pop_front_if(|planted| planted.at_s < window_s + 300)
        {
            moments.push((planted.at_s, Some(planted)));
        }
        let ordinary = size.min((most - moments.len()) as u64);
        moments.extend((0..ordinary).map(|_| (window_s + self.rng.below(300) as i64, None)));
        if self.rng.chance(68, 100) {
            moments.sort_by_key(|(at_s, _)| *at_s);
        }
        (moments, ordinary)
    }

    /// The few principals that are busy in one window.
    fn burst(&mut self, at_s: i64, size: u64) -> Vec<usize> {
        let crew = if rhythm::office_hours(at_s) { &self.office } else { &self.night };
        let total = crew.last().map_or(0, |(sum, _)| *sum);
        let count = 1 + self.rng.below(size.min(5));
        let mut draw = || {
            let random = self.rng.below(total);
            crew.get(crew.partition_point(|(sum, _)| *sum <= random)).map(|(_, person)| *person)
        };
        (0..count).filter_map(|_| draw()).collect()
    }

    fn call(&mut self, shop: &mut Workshop, crew: &[usize], at_s: i64) {
        let foreign = self.brings_foreign_logs(shop);
        let Some(account) = shop.organization.accounts.get(self.spot.account) else {
            return;
        };
        let place = Place { organization: &shop.organization, account, region: &self.spot.region, at_s };
        if foreign {
            families::activity(shop.content.next_record(at_s), &place, &mut self.rng);
            return shop.tally.record(None, "ActivityAuditLog", at_s);
        }
        let person = account.people.get(self.rng.pick(crew));
        let Some(person) = person else { return };
        let calls = &shop.organization.catalogue.calls;
        let home = self.spot.region == "us-east-1";
        let mut draws = (0..12).filter_map(|_| person.habit(&mut self.rng)).filter_map(|at| calls.get(at));
        let call = draws.find(|call| home || !call.global).or_else(|| calls.iter().find(|call| call.name == "GetCallerIdentity"));
        let Some(call) = call else { return };
        let out = shop.content.next_record(at_s);
        let start = out.len();
        let failed = record::ordinary(out, &mut shop.identity, person, call, &place, &mut self.rng);
        shop.tally.totals.errors += u64::from(failed);
        if !call.data {
            let taken = self.second.as_mut().is_some_and(|second| second.offer(shop.content.since(start), at_s));
            shop.tally.totals.duplicates += u64::from(taken);
        }
        shop.tally.record(Some(&call.name), if call.data { "Data" } else { "Management" }, at_s);
        self.close_second_when_full(shop);
    }

    /// One account brings in foreign audit logs, in its first region.
    fn brings_foreign_logs(&mut self, shop: &Workshop) -> bool {
        let account = shop.organization.accounts.len().saturating_sub(1);
        self.spot.account == account && shop.plan.regions.first() == Some(&self.spot.region) && self.rng.chance(3, 100)
    }

    fn plant(&mut self, shop: &mut Workshop, planted: &Planted) {
        shop.content.push(&planted.record, planted.at_s);
        shop.tally.totals.errors += u64::from(planted.failed);
        shop.tally.record(Some(&planted.name), planted.family, planted.at_s);
        if planted.family == "Management" {
            let taken = self.second.as_mut().is_some_and(|second| second.offer(&planted.record, planted.at_s));
            shop.tally.totals.duplicates += u64::from(taken);
            self.close_second_when_full(shop);
        }
    }

    /// A file of network activity or of aggregated records.
    fn family(&mut self, shop: &mut Workshop, folder: Folder, window_s: i64, size: u64) {
        let crew = self.burst(window_s, size);
        for _ in 0..size {
            let at_s = window_s + self.rng.below(300) as i64;
            let Some(account) = shop.organization.accounts.get(self.spot.account) else {
                return;
            };
            let place = Place { organization: &shop.organization, account, region: &self.spot.region, at_s };
            let Some(person) = account.people.get(self.rng.pick(&crew)) else {
                return;
            };
            if folder == Folder::Aggregated {
                let window_s = at_s - at_s.rem_euclid(300);
                families::aggregated(shop.content.next_record(window_s), person, &place, &mut self.rng);
                shop.tally.record(None, "Aggregated", window_s);
            } else {
                let out = shop.content.next_record(at_s);
                let (name, refused) = families::network_activity(out, person, &place, &mut self.rng);
                shop.tally.totals.errors += u64::from(refused);
                shop.tally.record(Some(name), "NetworkActivity", at_s);
            }
        }
        self.done += size;
        self.deliver(shop, folder, window_s + 300);
    }

    /// The two files of one Insights episode.
    fn insight(&mut self, shop: &mut Workshop, window_s: i64) {
        let crew = self.burst(window_s, 1);
        let start_s = window_s - window_s.rem_euclid(60);
        let Some(account) = shop.organization.accounts.get(self.spot.account) else {
            return;
        };
        let Some(person) = account.people.get(self.rng.pick(&crew)) else {
            return;
        };
        let episode = Episode::new(person, &mut self.rng);
        let end_s = start_s + episode.minutes as i64 * 60;
        for (state, at_s) in [("Start", start_s), ("End", end_s)] {
            let Some(account) = shop.organization.accounts.get(self.spot.account) else {
                return;
            };
            let place = Place { organization: &shop.organization, account, region: &self.spot.region, at_s };
            episode.write(shop.content.next_record(at_s), state, &place, &mut self.rng);
            shop.tally.record(None, "Insight", at_s);
            self.deliver(shop, Folder::Insight, at_s + 600);
        }
        self.done += 2;
    }

    fn deliver(&mut self, shop: &mut Workshop, folder: Folder, last_s: i64) {
        let Some(account) = shop.organization.accounts.get(self.spot.account) else {
            return;
        };
        let address = Address {
            organization: &shop.organization.id,
            account: &account.id,
            region: &self.spot.region,
            folder,
            delivered_s: (last_s + rhythm::lag_s(&mut self.rng)).min(shop.plan.end_s() - 1),
        };
        let count = u64::from(shop.content.records);
        let delivery = shop.packer.pack(&mut shop.content, &address, &mut self.rng);
        shop.tally.totals.placed(&account.id, &self.spot.region, count);
        shop.tally.totals.delivered(&delivery);
        shop.ready.push_back(delivery);
    }

    fn close_second_when_full(&mut self, shop: &mut Workshop) {
        if self.second.as_ref().is_some_and(SecondTrail::is_full) {
            self.close_second(shop);
        }
    }

    fn close_second(&mut self, shop: &mut Workshop) {
        let Some(account) = shop.organization.accounts.get(self.spot.account) else {
            return;
        };
        let id = &shop.organization.id;
        let closed = self.second.as_mut().and_then(|second| second.close(&mut shop.packer, &account.id, &self.spot.region, id));
        let Some((day, delivery)) = closed else {
            return;
        };
        shop.tally.totals.delivered(&delivery);
        if day > self.spot.day {
            shop.late.entry(day).or_default().push(delivery);
        } else {
            shop.ready.push_back(delivery);
        }
    }
}

fn crew(people: &[Principal], region: Option<usize>, office: bool) -> Vec<(u64, usize)> {
    let Some(region) = region else {
        return Vec::new();
    };
    let mut sum = 0;
    let mut member = |(at, person): (usize, &Principal)| {
        let activity = person.activity(region, office);
        sum += activity;
        (activity > 0).then_some((sum, at))
    };
    people.iter().enumerate().filter_map(&mut member).collect()
}
