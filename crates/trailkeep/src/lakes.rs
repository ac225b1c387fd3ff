//! Opens the lake that the user means: in a folder, or in a bucket.

use std::path::PathBuf;
use std::time::SystemTime;

use aws::access::{Access, Clock, Identity};
use lake::{Home, Lake, Outside};

use crate::exit::Failure;
use crate::outside;
use crate::settings::Context;

/// What the user said about reaching AWS.
pub fn access(context: &Context) -> Access {
    Access {
        identity: Identity::Chain { profile: context.profile.value.clone() },
        region: context.aws_region.value.clone(),
        endpoint: context.endpoint_url.value.clone(),
        cloudtrail_endpoint: context.cloudtrail_endpoint_url.value.clone(),
        sqs_endpoint: context.sqs_endpoint_url.value.clone(),
        clock: Clock(clock),
    }
}

fn clock() -> SystemTime {
    outside::now().into()
}

/// The home; a local one's folder is made if it is not there.
pub async fn home(context: &Context) -> Result<Home, Failure> {
    place(context.home_name(), context).await
}

/// A folder, which is made if it is not there, or a prefix of a bucket.
pub async fn place(name: &str, context: &Context) -> Result<Home, Failure> {
    if name.starts_with("s3://") {
        let found = aws::home::home_store(name, &access(context)).await?;
        return Ok(Home::remote(name.to_owned(), found.store, found.prefix));
    }
    Ok(Home::local(PathBuf::from(name), outside::unique)?)
}

/// Opens a lake that is there. A folder that is not is not made.
pub async fn open(context: &Context) -> Result<Lake, Failure> {
    open_watched(context, outside::unwatched(context.threads)).await
}

/// Opens a lake that is there, watched.
pub async fn open_watched(context: &Context, outside: Outside) -> Result<Lake, Failure> {
    let name = context.home_name();
    if !name.starts_with("s3://") && !PathBuf::from(name).is_dir() {
        return Err(lake::LakeError::NoHome(name.to_owned()).into());
    }
    Ok(Lake::open(home(context).await?, outside).await?)
}

/// Opens a lake, making it if it is not there.
pub async fn open_or_create(context: &Context, outside: Outside) -> Result<Lake, Failure> {
    Ok(Lake::open_or_create(home(context).await?, outside).await?)
}
