//! Opens the lake that the user means: in a folder, or in a bucket.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::SystemTime;

use aws::access::{Access, Clock, Identity};
use lake::{Home, Lake, LakeError, Outside};

use crate::exit::{self, Failure};
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
    Home::local(PathBuf::from(name), outside::unique).map_err(|error| unopened(error, name))
}

/// Opens a lake that is there. A folder that is not is not made.
pub async fn open(context: &Context) -> Result<Lake, Failure> {
    open_watched(context, outside::unwatched(context.threads)).await
}

/// Opens a lake that is there, watched.
pub async fn open_watched(context: &Context, outside: Outside) -> Result<Lake, Failure> {
    let name = context.home_name();
    if !name.starts_with("s3://") {
        is_folder(name)?;
    }
    Lake::open(home(context).await?, outside).await.map_err(|error| unopened(error, name))
}

/// Opens a lake, making it if it is not there.
pub async fn open_or_create(context: &Context, outside: Outside) -> Result<Lake, Failure> {
    let opened = Lake::open_or_create(home(context).await?, outside).await;
    opened.map_err(|error| unopened(error, context.home_name()))
}

fn is_folder(name: &str) -> Result<(), LakeError> {
    let wrong = |reason: String| LakeError::Folder { path: name.to_owned(), reason };
    match std::fs::metadata(name) {
        Ok(about) if about.is_dir() => Ok(()),
        Ok(_) => Err(wrong("it is a file".to_owned())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(LakeError::NoHome(name.to_owned()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Why a home could not be opened: what its store said, with the home's name.
fn unopened(error: LakeError, name: &str) -> Failure {
    match error {
        LakeError::Store(error) if name.starts_with("s3://") => aws::home::unlisted(&error, name).into(),
        LakeError::Store(error) => {
            let (reason, hint) = exit::of_storage(&error);
            Failure::failed(format!("the home `{name}` could not be opened: {reason}"), hint)
        }
        other => other.into(),
    }
}
