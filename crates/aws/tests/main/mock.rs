//! Starts the mock on a free port of this machine, and stops it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use trailkeep_aws::access::{Access, Clock, Identity};

pub(crate) struct Mock {
    child: Child,
    pub(crate) endpoint: String,
}

impl Mock {
    /// `None`, and a word about it, where there is no mock.
    pub(crate) fn start() -> Option<Mock> {
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let Ok(child) = command.spawn() else {
            eprintln!("skipped: there is no moto_server on PATH (pip install 'moto[server]')");
            return None;
        };
        let mut mock = Mock { child, endpoint: String::new() };
        mock.endpoint = mock.address().or_else(|| {
            eprintln!("skipped: moto_server is on PATH but does not run");
            None
        })?;
        Some(mock)
    }

    /// What the mock says once it listens. Its later words are read and dropped, so that it never waits for us.
    fn address(&mut self) -> Option<String> {
        let mut said = BufReader::new(self.child.stderr.take()?).lines();
        let address = said.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("Running on ")?;
            address.split_whitespace().next().map(|address| address.trim_end_matches('/').to_owned())
        });
        std::thread::spawn(move || said.for_each(drop));
        address
    }

    pub(crate) fn access(&self) -> Access {
        access(&self.endpoint)
    }
}

/// How the services at an endpoint are reached.
pub(crate) fn access(endpoint: &str) -> Access {
    let credentials = Credentials::new("AKIATEST", "secret", Some("token".to_owned()), None, "Test");
    Access {
        identity: Identity::Given(SharedCredentialsProvider::new(credentials)),
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        cloudtrail_endpoint: Some(endpoint.to_owned()),
        sqs_endpoint: Some(endpoint.to_owned()),
        clock: Clock(|| SystemTime::UNIX_EPOCH),
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
