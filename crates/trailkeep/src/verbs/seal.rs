//! `trailkeep seal`

use clap::{Args, Subcommand};
use custody::standing::{Standing, standing};
use lake::Lake;
use seal::chain::Anchor;

use crate::exit::{Exit, Failure};
use crate::output::{self, Screen, clean};
use crate::sealing::{self, Anchored, keys};
use crate::settings::Context;
use crate::{figures, lakes};

/// See who seals the home; replace the key, or go on after it was lost.
///
/// Every `collect` and `compact` ends with signed, linked statements over what is new: commits, documents, keys. The key is one file of
/// yours, outside of the home. This machine keeps a copy of each home's last statement beside it; --seal-anchor keeps another one in a bucket.
///
/// What a seal shows: that nothing was changed, added or taken out by somebody without the key. What it cannot show alone: that its end was
/// not cut off, and that whoever has the key did not write all of it anew. Against that stands a copy of the head that is kept elsewhere -
/// best in a bucket with S3 Object Lock, whose copies nobody can delete before their time.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep seal                     how the seal of the home stands
  trailkeep seal rotate              a new key, for all homes that this one seals
  trailkeep seal adopt               the key is lost: go on with another one
  trailkeep collect s3://my-trail-bucket --seal-anchor s3://my-locked-bucket/seals
  trailkeep verify --home lake --seal-anchor s3://my-locked-bucket/seals")]
pub struct Seal {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How the seal stands (the default)
    Status,
    /// Replace the key: the old one signs for the new one, and then nothing more
    ///
    /// The new key takes the old one's file; the old one stays beside it by its fingerprint, because your other homes are handed on
    /// when they are sealed next. Delete it when `trailkeep seal` shows the new key for all of them. Where this home cannot be handed on -
    /// another key seals it, or its chain does not hold - nothing is replaced.
    Rotate,
    /// Let this machine's key take over in a home whose key is lost
    ///
    /// Nobody signs for the new key: whoever verifies the home has to know it (--trust-key FINGERPRINT). What was sealed before stays as
    /// it is. If you still have the old key, use it (--seal-key FILE), or `rotate`.
    Adopt,
}

impl Seal {
    /// Shows, replaces or adopts.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let lake = lakes::open(context).await?;
        match self.what {
            None | Some(What::Status) => status(&lake, context).await,
            Some(What::Rotate) => rotate(&lake, context).await,
            Some(What::Adopt) => adopt(&lake, context).await,
        }
    }
}

async fn rotate(lake: &Lake, context: &Context) -> Result<Exit, Failure> {
    let file = keys::key_file(context)?;
    // A home that cannot be handed on is no reason to replace the key: nothing is changed then.
    sealing::check(lake, context).await?;
    let old = keys::own(context);
    let all = keys::rotate(context)?;
    let sealed = sealing::try_seal(lake, context).await?;
    let new = all.first().map(seal::statement_key::StatementKey::fingerprint).unwrap_or_default();
    output::line(context.screen.bold("The key was replaced"))?;
    output::line(format!("  new key   {new}, in {}", clean(&file.display().to_string())))?;
    if let Some(old) = old {
        let kept = keys::beside(&file, &old);
        output::line(format!(
            "  old key   {old}, kept in {} until your other homes are handed on",
            clean(&kept.display().to_string())
        ))?;
    }
    output::line(format!("  this home {}", head_text(sealed.head)))?;
    Ok(Exit::Fine)
}

async fn adopt(lake: &Lake, context: &Context) -> Result<Exit, Failure> {
    sealing::adopt(lake, context).await?;
    let sealed = sealing::try_seal(lake, context).await?;
    let key = sealed.key.clone().unwrap_or_default();
    output::line(context.screen.bold("This machine's key has taken over"))?;
    output::line(format!("  key       {key}"))?;
    output::line(format!("  this home {}", head_text(sealed.head)))?;
    output::line("\nNobody signed for it but itself. Whoever verifies the home elsewhere has to know that it is yours:")?;
    output::line(format!("  trailkeep verify --trust-key {key}{}", context.home_flag()))?;
    Ok(Exit::Fine)
}

async fn status(lake: &Lake, context: &Context) -> Result<Exit, Failure> {
    let name = custody::home_name(lake).await?.map_or_else(|| sealing::place_name(context), |name| Ok(Some(name)))?;
    let remembered = sealing::remembered(name.as_deref(), context)?;
    let anchored = sealing::anchors(name.as_deref(), context).await?;
    let kept = anchored.iter().flat_map(|anchored| anchored.anchors.iter().copied());
    let anchors: Vec<Anchor> = remembered.into_iter().chain(kept).collect();
    let standing = standing(lake, &anchors).await?;
    let text = text(&standing, remembered, anchored.as_ref(), context);
    let exit = if standing.wrong.is_empty() { Exit::Fine } else { Exit::Integrity };
    exit.after(output::line(text))
}

fn text(standing: &Standing, remembered: Option<Anchor>, anchored: Option<&Anchored>, context: &Context) -> String {
    let screen = context.screen;
    let mut lines = vec![screen.bold(&format!("Seal of {}", clean(context.home_name())))];
    if standing.statements == 0 {
        lines.push("  none yet: the next `trailkeep collect` or `compact` makes it".to_owned());
    } else {
        let at = standing.sealed_at.map(|at| at.format(", made %Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default();
        lines.push(format!("  statements   {}", figures::count(standing.statements)));
        lines.push(format!("  head         {}{at}", head_text(standing.head)));
        lines.push(format!("  key          {}", key_text(standing, context)));
        if standing.keys.len() > 1 {
            lines.push(format!("  keys so far  {}", clean(&standing.keys.join(", "))));
        }
        lines.push(format!("  not sealed   {}", unsealed_text(standing.unsealed)));
    }
    lines.push(format!(
        "  kept here    {}",
        remembered.map_or_else(|| "no copy of a head".to_owned(), |head| head_text(Some(head)))
    ));
    lines.push(format!("  anchor       {}", anchor_text(anchored)));
    lines.extend(doubts(standing, screen));
    lines.join("\n")
}

fn doubts(standing: &Standing, screen: Screen) -> Vec<String> {
    let wrong = standing.wrong.iter().map(|wrong| format!("  {}  {}", screen.bad("wrong"), clean(wrong)));
    let doubts = standing.doubts.iter().map(|doubt| format!("  note   {}", clean(doubt)));
    let told: Vec<String> = wrong.chain(doubts).collect();
    if told.is_empty() { told } else { std::iter::once(String::new()).chain(told).collect() }
}

fn key_text(standing: &Standing, context: &Context) -> String {
    let signer = standing.signer.clone().unwrap_or_else(|| "none".to_owned());
    let file = keys::key_file(context).map(|file| clean(&file.display().to_string())).unwrap_or_default();
    let own = keys::own(context);
    let is_replaced = keys::key_file(context).is_ok_and(|file| keys::beside(&file, &signer).exists());
    match own {
        Some(own) if own == signer => format!("{signer}, the one in {file}"),
        Some(own) if is_replaced => format!("{signer}, replaced here: the next seal hands the home on to {own}"),
        Some(own) => {
            format!("{signer}; here is another one ({own}, in {file}): give the right one with --seal-key FILE, or `seal adopt`")
        }
        None => format!("{signer}; here is none"),
    }
}

fn unsealed_text(count: u64) -> String {
    match count {
        0 => "nothing".to_owned(),
        count => format!("{}: the next `collect` or `compact` seals it", figures::counted(count, "object")),
    }
}

fn head_text(head: Option<Anchor>) -> String {
    head.map_or_else(|| "no statement".to_owned(), |head| format!("statement {}, SHA-256 {}", head.number, head.sha256))
}

fn anchor_text(anchored: Option<&Anchored>) -> String {
    let Some(anchored) = anchored else { return "none: keep one outside with --seal-anchor s3://bucket/prefix".to_owned() };
    let place = clean(&anchored.place);
    let Some(last) = anchored.anchors.last() else { return format!("no copy of a head of this home in {place}") };
    let lock = anchored.lock.as_ref().map_or_else(
        || "NOT locked: whoever may delete there can delete it".to_owned(),
        |lock| format!("locked until {} ({})", clean(&lock.until), clean(&lock.mode)),
    );
    format!(
        "{place}: {} up to statement {}, {lock}",
        figures::counted_as(anchored.anchors.len() as u64, "copy", "copies"),
        last.number
    )
}
