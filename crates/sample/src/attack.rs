//! The attack: a leaked key of one member account becomes a backdoor role, reaches the management account, reads
//! secrets and customer data, starts machines where nobody ever was, and switches the trail off.
//!
//! Every identity is used the way AWS would let it be used: keys appear in a response before they appear in a
//! request. The story is told in order; `attack_story.rs` has the scenes.

use serde::Serialize;

use crate::attack_story;
use crate::organization::Organization;
use crate::plan::Plan;

/// What a reader must find about the attack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Attack {
    /// The IAM user whose access key leaked.
    pub user: String,
    /// The account of that user.
    pub user_account: String,
    /// The account that was taken over through the backdoor: the management account.
    pub target_account: String,
    /// The attacker's own account, which the backdoor trusts.
    pub foreign_account: String,
    /// The key that leaked.
    pub access_key_leaked: String,
    /// The key that the attacker made for the user.
    pub access_key_new: String,
    /// Keys of the assumed roles, in the order of use.
    pub access_keys_temporary: Vec<String>,
    /// Name of the backdoor role.
    pub role_backdoor: String,
    /// Where the attacker sits.
    pub source_ip: String,
    /// The region that nobody used before.
    pub region_pivot: String,
    /// The bucket that was read.
    pub bucket: String,
    /// Objects read from it.
    pub objects_read: u32,
    /// Secrets read.
    pub secrets_read: u32,
    /// Time of the first step.
    pub started: String,
    /// Time of the last step.
    pub stopped: String,
    /// Time of `StopLogging`.
    pub logging_stopped: String,
    /// Time of the `StartLogging` by the organization's own people; not a step of the attack.
    pub logging_restarted: String,
    /// Everything that the attacker did, in order.
    pub steps: Vec<Step>,
}

/// One record of the attack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `eventTime`.
    pub time: String,
    /// `eventName`.
    pub event_name: String,
    /// `eventID`.
    pub event_id: String,
    /// The account that received the record.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// `errorCode`; empty when the call succeeded, or when AWS gives only a message.
    pub error_code: String,
}

/// A record of the attack, ready to be put into a file.
pub(crate) struct Planted {
    pub(crate) at_s: i64,
    pub(crate) account: usize,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) family: &'static str,
    pub(crate) failed: bool,
    pub(crate) record: Vec<u8>,
}

/// Stages the attack of a plan. None when the plan wants none or has nobody to attack.
pub(crate) fn stage(plan: &Plan, organization: &Organization) -> Option<(Attack, Vec<Planted>)> {
    if !plan.attack || plan.days == 0 {
        return None;
    }
    attack_story::tell(plan, organization)
}
