//! What `digest_chain.py` can do to a chain, what the strict judgment calls it, and how `--like-aws` is held against the AWS CLI over it.

use crate::aws_cli::{AwsCli, AwsCommand};
use crate::chain::DigestChain;
use crate::endpoint::Endpoint;
use crate::program::{Finished, Program};

/// Kinds of tampering by the script's names, each with the name of its finding.
pub const TAMPERINGS: [(&str, &str); 13] = [
    ("modify", "log-altered"),
    ("delete", "log-missing"),
    ("badgzip", "log-altered"),
    ("trailing", "log-altered"),
    ("add", "log-unvouched"),
    ("del-digest", "digest-missing"),
    ("del-last", "digest-missing"),
    ("mod-digest", "digest-signature"),
    ("forge-digest", "digest-link"),
    ("forge-digest-fp", "digest-signature"),
    ("move-digest", "digest-moved"),
    ("swap-prev", "digest-link"),
    ("nometa", "digest-metadata"),
];

/// What is no tampering: AWS signed a new beginning.
pub const BREAK: (&str, &str) = ("break", "chain-restart");

/// Tamperings after which `break` signs the same digest anew with the real key and all of its log files: nothing is left of them.
const UNDONE_BY_BREAK: [&str; 3] = ["swap-prev", "nometa", "break"];

/// All kinds.
pub fn kinds() -> Vec<&'static str> {
    TAMPERINGS.iter().chain([&BREAK]).map(|(kind, _)| *kind).collect()
}

/// All pairs, in both orders.
pub fn pairs() -> Vec<[&'static str; 2]> {
    let kinds = kinds();
    kinds.iter().flat_map(|first| kinds.iter().map(|second| [*first, *second])).collect()
}

/// Whether a chain on which these were done, one after the other, is what AWS could have signed.
pub fn is_legal(done: &[&str]) -> bool {
    done.last() == Some(&BREAK.0) && done.iter().all(|kind| UNDONE_BY_BREAK.contains(kind))
}

/// An account's trail, from noon to evening.
pub const ACCOUNT: [&str; 8] = ["--hours", "5", "--files", "3", "--events", "2", "--end", "2026-11-22T17:00:00Z"];

/// An organization's trail, in another Region than its home, below a prefix, over midnight.
pub const ORGANIZATION: [&str; 18] = [
    "--hours",
    "5",
    "--files",
    "3",
    "--events",
    "2",
    "--end",
    "2026-11-22T02:00:00Z",
    "--org",
    "o-abc123",
    "--account",
    "444455556666",
    "--region",
    "eu-west-1",
    "--home",
    "us-east-1",
    "--prefix",
    "our/logs",
];

/// The script's arguments for a chain on which something was done.
pub fn arguments<'a>(base: &[&'a str], done: &[&'a str]) -> Vec<&'a str> {
    base.iter().copied().chain(done.iter().flat_map(|kind| ["--tamper", kind])).collect()
}

/// How much of valid files is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Nothing: the default.
    Brief,
    /// `--verbose`.
    Verbose,
}

/// Where `trailkeep verify --like-aws` reads a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The copy on disk, with keys and metadata from files.
    Copy,
    /// The bucket, asking for the keys itself.
    Bucket,
}

/// One question that both are asked.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The chain.
    pub chain: &'a DigestChain,
    /// Arguments of `aws cloudtrail validate-logs`.
    pub arguments: Vec<String>,
    /// Where trailkeep reads it.
    pub reading: Reading,
}

/// Runs the AWS CLI and `trailkeep verify --like-aws`; a text for each difference.
#[track_caller]
pub fn differences(cli: &AwsCli, program: &Program, cases: &[Case<'_>]) -> Vec<String> {
    let serve = |case: &Case<'_>| Endpoint::load(case.chain.folder()).and_then(Endpoint::serve).expect("an endpoint").url();
    let endpoints: Vec<String> = cases.iter().map(serve).collect();
    let command = |(case, endpoint): (&Case<'_>, &String)| {
        let begin = ["cloudtrail", "validate-logs"].map(str::to_owned).into_iter();
        AwsCommand { arguments: begin.chain(case.arguments.iter().cloned()).collect(), endpoint: endpoint.clone() }
    };
    let told = cli.run(&cases.iter().zip(&endpoints).map(command).collect::<Vec<_>>());
    let ours = cases.iter().zip(&endpoints).map(|(case, endpoint)| like_aws(program, case, endpoint));
    ours.zip(told).zip(cases).filter_map(|((ours, theirs), case)| difference(case, &theirs, &ours)).collect()
}

/// The whole chain, as it is usually asked for.
pub fn whole(chain: &DigestChain, telling: Telling) -> Vec<String> {
    let arn = format!("arn:aws:cloudtrail:{}:{}:trail/{}", chain.text("home"), chain.text("account"), chain.text("trail"));
    let mut asked =
        ["--trail-arn", &arn, "--start-time", chain.start(), "--end-time", chain.end(), "--region", chain.text("region")]
            .map(str::to_owned)
            .to_vec();
    if !chain.text("org").is_empty() {
        asked.extend(["--account-id".to_owned(), chain.text("account").to_owned()]);
    }
    asked.extend((telling == Telling::Verbose).then(|| "--verbose".to_owned()));
    asked
}

fn like_aws(program: &Program, case: &Case<'_>, endpoint: &str) -> Finished {
    let path = |path: std::path::PathBuf| path.display().to_string();
    let chain = case.chain;
    let (source, more) = match case.reading {
        Reading::Bucket => (format!("s3://{}", chain.text("bucket")), Vec::new()),
        Reading::Copy => {
            let files = [path(chain.public_keys()), path(chain.metadata())];
            (path(chain.bucket()), ["--public-keys", &files[0], "--metadata", &files[1]].map(str::to_owned).to_vec())
        }
    };
    let begin = ["verify".to_owned(), source, "--like-aws".to_owned()];
    let line: Vec<String> = begin.into_iter().chain(more).chain(case.arguments.iter().cloned()).collect();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    program.clone().with_all(crate::moto::environment(endpoint)).run(&line)
}

fn difference(case: &Case<'_>, theirs: &Finished, ours: &Finished) -> Option<String> {
    let all = |of: &Finished| (of.code, of.stdout.clone(), of.stderr.clone());
    if all(theirs) == all(ours) {
        return None;
    }
    let told = |who: &str, of: &Finished| format!("{who}: {:?}\n--- stdout\n{}--- stderr\n{}", of.code, of.stdout, of.stderr);
    let asked = format!("{} {:?} {}", case.chain.manifest["tampered"], case.reading, case.arguments.join(" "));
    Some(format!("{asked}\n{}\n{}", told("aws", theirs), told("trailkeep", ours)))
}
