//! `cargo xtask tamper`

use std::path::PathBuf;

use clap::Args;
use testbed::tampering::{ACCOUNT, Case, ORGANIZATION, Reading, Telling, arguments, differences, is_legal, pairs, whole};
use testbed::{AwsCli, DigestChain, Program};

use crate::failure::Failure;
use crate::outside;

const WHO: &str = "cargo xtask tamper";
/// Chains that are on disk at the same time.
const AT_ONCE: usize = 28;

/// Do every pair of tamperings to chains, and hold the verdicts against what was done and against the AWS CLI
///
/// In both orders, on an account's and on an organization's trail. `--like-aws` must say what the AWS CLI says, line for line; the strict
/// judgment must exit with 4, but where nothing is left of what was done. Takes some minutes; `./test` looks at twenty pairs.
#[derive(Args, Debug)]
pub struct Tamper {
    /// The program to look at [default: the trailkeep beside this program]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// What was looked at.
#[derive(Default)]
struct Seen {
    chains: usize,
    impossible: usize,
    wrong: Vec<String>,
}

impl Tamper {
    /// Looks at all pairs.
    pub fn run(self) -> Result<(), Failure> {
        let binary = self.binary.unwrap_or_else(outside::binary);
        if !binary.is_file() {
            let hint = "build it (cargo build --release -p trailkeep) or name it with --binary";
            return Err(Failure::Missing { what: format!("`{}`", binary.display()), hint });
        }
        let missing = Failure::Missing {
            what: "the AWS CLI".to_owned(),
            hint: "let ./test make it (./test --no-build) and name its Python with TRAILKEEP_PYTHON",
        };
        let cli = AwsCli::find(WHO).ok_or(missing)?;
        let (program, mut seen) = (Program::new(binary), Seen::default());
        for base in [&ACCOUNT[..], &ORGANIZATION] {
            for done in pairs().chunks(AT_ONCE) {
                look(&cli, &program, base, done, &mut seen)?;
                eprintln!("{} chains looked at, {} wrong", seen.chains, seen.wrong.len());
            }
        }
        println!("{} chains, {} pairs that the script cannot do one after the other", seen.chains, seen.impossible);
        if !seen.wrong.is_empty() {
            return Err(Failure::Wrong(seen.wrong.join("\n\n")));
        }
        println!("every verdict is as it should be, and every line is the AWS CLI's");
        Ok(())
    }
}

fn look(cli: &AwsCli, program: &Program, base: &[&str], done: &[[&'static str; 2]], seen: &mut Seen) -> Result<(), Failure> {
    let lines: Vec<Vec<&str>> = done.iter().map(|done| arguments(base, done)).collect();
    let missing = || Failure::Missing { what: "the script that makes chains".to_owned(), hint: "it is no part of the repository" };
    let made = DigestChain::make_all(WHO, &lines).ok_or_else(missing)?;
    let chains: Vec<(&[&str; 2], DigestChain)> = done.iter().zip(made).filter_map(|(done, chain)| Some((done, chain?))).collect();
    seen.chains += chains.len();
    seen.impossible += done.len() - chains.len();
    seen.wrong.extend(chains.iter().filter_map(|(done, chain)| judged(program, done, chain)));
    let cases: Vec<Case<'_>> = chains.iter().map(|(_, chain)| whole_case(chain)).collect();
    seen.wrong.extend(differences(cli, program, &cases));
    Ok(())
}

fn whole_case(chain: &DigestChain) -> Case<'_> {
    Case { chain, arguments: whole(chain, Telling::Verbose), reading: Reading::Copy }
}

/// What is wrong with the strict verdict, if anything.
fn judged(program: &Program, done: &[&'static str; 2], chain: &DigestChain) -> Option<String> {
    let [bucket, keys, metadata] = [chain.bucket(), chain.public_keys(), chain.metadata()].map(|path| path.display().to_string());
    let line =
        ["verify", &bucket, "--public-keys", &keys, "--metadata", &metadata, "--since", chain.start(), "--until", chain.end()];
    let finished = program.run(&[&line[..], &["-o", "ndjson"]].concat());
    let expected = if is_legal(done) { 0 } else { 4 };
    (finished.code != Some(expected))
        .then(|| format!("{done:?}: exit code {:?} instead of {expected}\n{}", finished.code, finished.stdout))
}
