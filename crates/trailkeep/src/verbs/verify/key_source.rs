//! Who says which public keys are AWS's: the files that were given, else CloudTrail itself, Region by Region.
//!
//! Without either no signature can be checked, and a verification would only tell what it could not do: it is refused at the door.

use aws::public_keys::CloudTrailKeys;
use prove::strict::KeySource;

use super::given::Given;
use crate::exit::Failure;
use crate::lakes;
use crate::settings::Context;

const HINT: &str = "give --public-keys FILE: aws cloudtrail list-public-keys --start-time T --end-time T > FILE";

/// Where public keys are looked up.
pub async fn key_source(given: &Given, context: &Context) -> Result<Box<dyn KeySource>, Failure> {
    if let Some(keys) = given.key_source() {
        return Ok(keys);
    }
    let cloudtrail = CloudTrailKeys::open(&lakes::access(context)).await;
    match cloudtrail.check_credentials().await {
        Ok(()) => Ok(Box::new(cloudtrail)),
        Err(why) => {
            let what = format!("no public keys are given, and CloudTrail cannot be asked for them: {why}");
            Err(Failure::usage(what, HINT))
        }
    }
}
