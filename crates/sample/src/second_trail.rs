//! A second trail that writes to the same bucket: it delivers management events again, byte-identical, in files of
//! its own, and now and then weeks later. This is the common reason for duplicates in real buckets.

use crate::delivery::{Address, Content, Delivery, Folder, Packer};
use crate::plan::{DAY_S, FileSizes, Plan, shares};
use crate::rhythm;
use crate::rng::Rng;

/// The second trail's open file of one account and region.
pub(crate) struct SecondTrail {
    chance_millionths: u64,
    sizes: FileSizes,
    size: u64,
    last_s: i64,
    end_s: i64,
    content: Content,
    rng: Rng,
}

impl SecondTrail {
    /// The trail of an account; none when the account has only one trail.
    pub(crate) fn new(plan: &Plan, account: usize, seed: u64) -> Option<SecondTrail> {
        let chance_millionths = chances(plan).get(account).copied().filter(|chance| *chance > 0)?;
        let mut rng = Rng::new(seed);
        Some(SecondTrail {
            chance_millionths,
            sizes: plan.events_per_file,
            size: rhythm::file_size(plan.events_per_file, &mut rng),
            last_s: i64::MIN,
            end_s: plan.end_s(),
            content: Content::default(),
            rng,
        })
    }

    /// Offers a management event; true when the trail took it.
    pub(crate) fn offer(&mut self, record: &[u8], at_s: i64) -> bool {
        if !self.rng.chance(self.chance_millionths, 1_000_000) {
            return false;
        }
        self.content.push(record, at_s);
        self.last_s = self.last_s.max(at_s);
        true
    }

    /// True when the open file has reached its size.
    pub(crate) fn is_full(&self) -> bool {
        u64::from(self.content.records) >= self.size
    }

    /// Delivers the open file, with the day (since 1970) on which it arrives.
    pub(crate) fn close(
        &mut self,
        packer: &mut Packer,
        account: &str,
        region: &str,
        organization: &str,
    ) -> Option<(i64, Delivery)> {
        if self.content.records == 0 {
            return None;
        }
        let delivered_s = self.arrival_s();
        let address = Address { organization, account, region, folder: Folder::CloudTrail, delivered_s };
        let delivery = packer.pack(&mut self.content, &address, &mut self.rng);
        self.size = rhythm::file_size(self.sizes, &mut self.rng);
        self.last_s = i64::MIN;
        Some((delivered_s.div_euclid(DAY_S), delivery))
    }

    /// Soon after the last record, or up to 29 days later for every thirtieth file.
    fn arrival_s(&mut self) -> i64 {
        let soon_s = (self.last_s + rhythm::lag_s(&mut self.rng)).min(self.end_s - 1);
        let days = if self.rng.chance(1, 30) { self.rng.between(1, 29) as i64 } else { 0 };
        soon_s + days.min((self.end_s - 1 - soon_s) / DAY_S) * DAY_S
    }
}

/// How likely each account's management events are delivered twice, in millionths. As few accounts as possible have
/// a second trail, beginning with the second account.
fn chances(plan: &Plan) -> Vec<u64> {
    let shares = shares(plan.accounts as usize, 45);
    let all: u64 = shares.iter().sum();
    let wanted = all * u64::from(plan.duplicates_percent.min(100)) / 100;
    let mut order: Vec<usize> = (0..shares.len()).collect();
    if shares.len() > 1 {
        order.swap(0, 1);
    }
    let (mut with, mut sum) = (vec![0; shares.len()], 0);
    for account in order {
        if let (true, Some(chance), Some(share)) = (sum < wanted, with.get_mut(account), shares.get(account)) {
            *chance = 1;
            sum += share;
        }
    }
    with.into_iter().map(|flag| (flag * wanted * 1_000_000).checked_div(sum).unwrap_or(0)).collect()
}
