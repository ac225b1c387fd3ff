//! The endpoint in a process of its own, so that its share of the processors can be told from that of whoever asks it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::chain::Chain;
use crate::failure::Failure;
use crate::outside;

/// A running endpoint; it ends when this is dropped.
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts one over a set.
    pub fn start(chain: &Chain) -> Result<Server, Failure> {
        let failed = |error| Failure::io(&chain.folder)(error);
        let mut command = Command::new(outside::this_program());
        command.args(["bench", "verify-server"]).arg(&chain.folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let mut line = String::new();
        let said = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        said.transpose().map_err(failed)?;
        let port = line.trim().parse().map_err(|_| Failure::Wrong(format!("the endpoint says `{}`", line.trim())))?;
        Ok(Server { child, port })
    }

    /// What a client needs to talk to it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ]
    }

    /// Seconds of processor time that it has used.
    pub fn cpu_s(&self) -> f64 {
        outside::process_cpu_s(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its standard input ends with this, and it with that.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
