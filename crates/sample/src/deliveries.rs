//! The iterator over all log files: day by day, account by account, region by region.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::attack::{self, Planted};
use crate::cell::{Cell, Spot, Workshop};
use crate::delivery::Delivery;
use crate::plan::{DAY_S, Plan, shares};
use crate::rhythm;
use crate::totals::Totals;

/// All log files of a plan, oldest day first.
pub struct Deliveries {
    shop: Workshop,
    cell: Option<Cell>,
    cells: VecDeque<Spot>,
    /// The next day to be laid out, since 1970.
    day: i64,
    is_over: bool,
    planted: BTreeMap<(i64, usize, String), VecDeque<Planted>>,
    quota: Quota,
}

impl Deliveries {
    pub(crate) fn new(plan: Plan) -> Deliveries {
        let mut shop = Workshop::new(plan);
        let mut planted: BTreeMap<_, VecDeque<Planted>> = BTreeMap::new();
        if let Some((story, records)) = attack::stage(&shop.plan, &shop.organization) {
            shop.tally.totals.attack = Some(story);
            for record in records {
                let place = (record.at_s.div_euclid(DAY_S), record.account, record.region.clone());
                planted.entry(place).or_default().push_back(record);
            }
        }
        let day = shop.plan.start_s().div_euclid(DAY_S);
        Deliveries { quota: Quota::new(&shop.plan), cell: None, cells: VecDeque::new(), day, is_over: false, planted, shop }
    }

    /// What has been made so far; the whole truth once the iterator has ended.
    pub fn totals(&self) -> &Totals {
        &self.shop.tally.totals
    }

    /// Accounts and Regions in which something may be delivered.
    pub(crate) fn places(&self) -> BTreeSet<(String, String)> {
        let accounts = &self.shop.organization.accounts;
        let id = |account: usize| accounts.get(account).map(|account| account.id.clone()).unwrap_or_default();
        let ordinary =
            (0..accounts.len()).flat_map(|account| self.shop.plan.regions.iter().map(move |region| (id(account), region.clone())));
        ordinary.chain(self.planted.keys().map(|(_, account, region)| (id(*account), region.clone()))).collect()
    }

    /// All that is delivered before this time has been handed out, in seconds since 1970.
    pub(crate) fn complete_s(&self) -> i64 {
        let day = if self.is_over { self.day } else { self.day - 1 };
        (day * DAY_S).max(self.shop.plan.start_s())
    }

    /// Works on the current cell, else opens the next cell, else lays out the next day.
    fn advance(&mut self) -> bool {
        if let Some(cell) = &mut self.cell {
            if !cell.advance(&mut self.shop) {
                self.cell = None;
            }
            return true;
        }
        if let Some(spot) = self.cells.pop_front() {
            self.cell = Some(Cell::new(&self.shop, spot));
            return true;
        }
        self.late_arrivals();
        if !self.shop.ready.is_empty() {
            return true;
        }
        if self.day >= self.shop.plan.end_s().div_euclid(DAY_S) {
            self.is_over = true;
            return false;
        }
        self.lay_out_day();
        self.day += 1;
        true
    }

    /// Hands out what the second trail delivers late on the day that has just ended.
    fn late_arrivals(&mut self) {
        while let Some(entry) = self.shop.late.first_entry()
            && *entry.key() < self.day
        {
            self.shop.ready.extend(entry.remove());
        }
    }

    fn lay_out_day(&mut self) {
        let day = self.day;
        for account in 0..self.shop.organization.accounts.len() {
            for (region, name) in self.shop.plan.regions.iter().enumerate() {
                let planted = self.planted.remove(&(day, account, name.clone())).unwrap_or_default();
                let events = self.quota.next(day, account, region);
                self.cells.push_back(Spot { day, account, region: name.clone(), events, planted });
            }
        }
        let elsewhere = self.planted.extract_if((day, 0, String::new())..(day + 1, 0, String::new()), |_, _| true);
        for ((_, account, region), planted) in elsewhere {
            self.cells.push_back(Spot { day, account, region, events: 0, planted });
        }
    }
}

impl Iterator for Deliveries {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some(delivery) = self.shop.ready.pop_front() {
                return Some(delivery);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Deliveries").field("plan", &self.shop.plan).field("day", &self.day).finish_non_exhaustive()
    }
}

/// Shares the plan's events out to the cells so that they sum up exactly.
struct Quota {
    accounts: Vec<u64>,
    regions: Vec<u64>,
    events: u128,
    total: u128,
    given: u128,
}

impl Quota {
    fn new(plan: &Plan) -> Quota {
        let accounts = shares(plan.accounts as usize, 45);
        let regions = shares(plan.regions.len(), 60);
        let first = plan.start_s().div_euclid(DAY_S);
        let days: u64 = (first..first + i64::from(plan.days)).map(rhythm::day_weight).sum();
        let sum = |shares: &[u64]| u128::from(shares.iter().sum::<u64>());
        let total = u128::from(days) * sum(&accounts) * sum(&regions);
        Quota { events: plan.events.into(), total: total.max(1), given: 0, accounts, regions }
    }

    fn next(&mut self, day: i64, account: usize, region: usize) -> u64 {
        let share = |shares: &[u64], at: usize| u128::from(shares.get(at).copied().unwrap_or(0));
        let before = self.given * self.events / self.total;
        self.given += u128::from(rhythm::day_weight(day)) * share(&self.accounts, account) * share(&self.regions, region);
        (self.given * self.events / self.total - before) as u64
    }
}
