//! `--like-aws` against the AWS CLI itself: standard output, standard error and exit code, line for line.

use testbed::tampering::{ACCOUNT, Case, ORGANIZATION, Reading, Telling, arguments, differences, kinds, whole};
use testbed::{AwsCli, DigestChain};

use super::{pairs, program};

/// Chains of both kinds of trails on which each of these was done.
fn chains(test: &str, done: &[Vec<&str>]) -> Option<Vec<DigestChain>> {
    let both = [&ACCOUNT[..], &ORGANIZATION];
    let lines: Vec<Vec<&str>> = both.iter().flat_map(|base| done.iter().map(|done| arguments(base, done))).collect();
    Some(DigestChain::make_all(test, &lines)?.into_iter().flatten().collect())
}

#[track_caller]
fn hold(cli: &AwsCli, cases: &[Case<'_>]) {
    let differences = differences(cli, &program(), cases);
    assert!(differences.is_empty(), "{} of {} differ\n{}", differences.len(), cases.len(), differences.join("\n\n"));
}

/// Every second chain is read from its bucket, the others from their copy.
fn cases<'a>(chains: &'a [DigestChain], telling: Telling) -> Vec<Case<'a>> {
    let readings = [Reading::Copy, Reading::Bucket].into_iter().cycle();
    chains.iter().zip(readings).map(|(chain, reading)| Case { chain, arguments: whole(chain, telling), reading }).collect()
}

#[test]
fn each_tampering_alone() {
    const TEST: &str = "verify::like_aws::each_tampering_alone";
    let alone = kinds().into_iter().map(|kind| vec![kind]);
    let done: Vec<Vec<&str>> = [vec![]].into_iter().chain(alone).collect();
    let (Some(cli), Some(chains)) = (AwsCli::find(TEST), chains(TEST, &done)) else { return };
    assert_eq!(chains.len(), 2 * done.len());
    hold(&cli, &[cases(&chains, Telling::Brief), cases(&chains, Telling::Verbose)].concat());
}

#[test]
fn in_pairs() {
    const TEST: &str = "verify::like_aws::in_pairs";
    let done: Vec<Vec<&str>> = pairs().into_iter().map(Vec::from).collect();
    let (Some(cli), Some(chains)) = (AwsCli::find(TEST), chains(TEST, &done)) else { return };
    hold(&cli, &cases(&chains, Telling::Verbose));
}

#[test]
fn parts_of_the_range_and_what_ends_everything() {
    const TEST: &str = "verify::like_aws::parts_of_the_range_and_what_ends_everything";
    let (Some(cli), Some(chains)) = (AwsCli::find(TEST), chains(TEST, &[vec![]])) else { return };
    let mut all = Vec::new();
    for chain in &chains {
        let usual = whole(chain, Telling::Verbose);
        for (name, value) in [
            ("--start-time", chain.end()),
            ("--start-time", "2026-11-21T22:30:00Z"),
            ("--start-time", "2026-11-22"),
            ("--start-time", "2030-01-01"),
            ("--start-time", "last week"),
            ("--end-time", "2026-11-22T00:30:00+02:00"),
            ("--end-time", "2026-11-22 14:00"),
            ("--end-time", "2020-01-01"),
            ("--end-time", "2040-01-01T00:00:00Z"),
            ("--region", "ap-south-1"),
            ("--trail-arn", "arn:aws:cloudtrail:us-east-1:123456789012:trail/other"),
            ("--trail-arn", "arn:aws:s3:::bucket"),
            ("--trail-arn", "trail"),
            ("--account-id", "999999999999"),
        ] {
            let mut arguments = usual.clone();
            match arguments.iter().position(|argument| argument == name) {
                Some(at) => arguments[at + 1] = value.to_owned(),
                None => arguments.extend([name.to_owned(), value.to_owned()]),
            }
            all.push(Case { chain, arguments, reading: Reading::Copy });
        }
        let without_account = usual.iter().filter(|argument| !["--account-id", chain.text("account")].contains(&argument.as_str()));
        all.push(Case { chain, arguments: without_account.cloned().collect(), reading: Reading::Copy });
        let bucket = ["--s3-bucket", chain.text("bucket"), "--s3-prefix", chain.text("prefix")].map(str::to_owned);
        all.push(Case { chain, arguments: [usual, bucket.to_vec()].concat(), reading: Reading::Bucket });
    }
    hold(&cli, &all);
}
