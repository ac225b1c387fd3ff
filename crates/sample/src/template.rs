//! Parts of records as text with holes, so that an API call is one line of the catalogue instead of a function.
//!
//! A hole is `$` and a letter. The same capital or pool letter gives the same value everywhere in one record (the
//! bucket of the request is the bucket among the resources); the fresh ones differ each time.

use crate::organization::{Account, Organization, Pool};
use crate::rng::{Rng, favour, mix, scale};
use crate::text;

/// A compiled part of a record.
#[derive(Debug)]
pub(crate) struct Template {
    pieces: Vec<(Box<str>, Hole)>,
}

/// What the holes of one record are filled with.
pub(crate) struct Scene<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) account: &'a Account,
    pub(crate) region: &'a str,
    pub(crate) at_s: i64,
    /// Chooses from the pools; one number per record.
    pub(crate) choice: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    /// The end of a template.
    Nothing,
    /// `$a`, `$r`, `$O`, `$L`: the account, the region, the organization, the log bucket.
    Account,
    Region,
    Organization,
    LogBucket,
    /// `$b $k $f $t $R $S $P $i $v $g $s $n $D`: something that the account owns.
    Owned(Pool),
    /// `$o`: an object's key.
    ObjectKey,
    /// `$T`, `$E`, `$x`: now, in an hour, in epoch milliseconds.
    Now,
    InAnHour,
    Milliseconds,
    /// `$$`: a dollar sign.
    Dollar,
    /// `$d`, `$N`: a small and a large number.
    Small,
    Large,
    /// `$w`: a word.
    Word,
    /// Fresh: `$u` UUID, `$h` 17 hexadecimal digits, `$q` a token, `$z` an S3 host id, `$B` a session token,
    /// `$A` and `$K` a long-lived and a temporary access key, `$c` a short base64 checksum.
    Uuid,
    Hex,
    Token,
    HostId,
    SessionToken,
    LongKey,
    TemporaryKey,
    Checksum,
}

const WORDS: [&str; 16] = [
    "orders",
    "billing",
    "search",
    "ingest",
    "reports",
    "catalog",
    "shipping",
    "ledger",
    "notify",
    "media",
    "session",
    "export",
    "pricing",
    "inventory",
    "returns",
    "frontend",
];

impl Template {
    /// Splits the text at its holes. An unknown letter stays as text; a test keeps the catalogue free of them.
    pub(crate) fn new(text: &str) -> Template {
        let mut pieces = Vec::new();
        let mut before = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter != '$' {
                before.push(letter);
                continue;
            }
            match letters.next().map(|letter| (hole(letter), letter)) {
                Some((Some(hole), _)) => pieces.push((std::mem::take(&mut before).into(), hole)),
                Some((None, letter)) => before.extend(['$', letter]),
                None => before.push('$'),
            }
        }
        pieces.push((before.into(), Hole::Nothing));
        Template { pieces }
    }

    /// Writes the text with its holes filled.
    pub(crate) fn fill(&self, out: &mut Vec<u8>, scene: &Scene<'_>, rng: &mut Rng) {
        for (before, hole) in &self.pieces {
            text::push(out, before);
            fill(*hole, out, scene, rng);
        }
    }
}

fn hole(letter: char) -> Option<Hole> {
    Some(match letter {
        'a' => Hole::Account,
        'r' => Hole::Region,
        'O' => Hole::Organization,
        'L' => Hole::LogBucket,
        'o' => Hole::ObjectKey,
        'T' => Hole::Now,
        'E' => Hole::InAnHour,
        'x' => Hole::Milliseconds,
        '$' => Hole::Dollar,
        'd' => Hole::Small,
        'N' => Hole::Large,
        'w' => Hole::Word,
        'u' => Hole::Uuid,
        'h' => Hole::Hex,
        'q' => Hole::Token,
        'z' => Hole::HostId,
        'B' => Hole::SessionToken,
        'A' => Hole::LongKey,
        'K' => Hole::TemporaryKey,
        'c' => Hole::Checksum,
        other => return Pool::of(other).map(Hole::Owned),
    })
}

fn fill(hole: Hole, out: &mut Vec<u8>, scene: &Scene<'_>, rng: &mut Rng) {
    match hole {
        Hole::Nothing => {}
        Hole::Account => text::push(out, &scene.account.id),
        Hole::Region => text::push(out, scene.region),
        Hole::Organization => text::push(out, &scene.organization.id),
        Hole::LogBucket => text::push(out, &scene.organization.bucket),
        Hole::Owned(pool) => text::push(out, owned(pool, scene)),
        Hole::ObjectKey => object_key(out, scene),
        Hole::Now => text::time(out, scene.at_s),
        Hole::InAnHour => text::american(out, scene.at_s + 3600),
        Hole::Milliseconds => text::decimal(out, scene.at_s.unsigned_abs() * 1000 + scene.choice % 1000),
        Hole::Dollar => out.push(b'$'),
        Hole::Small => text::decimal(out, favour(rng.next(), 100) + 1),
        Hole::Large => text::decimal(out, favour(rng.next(), 4_000_000)),
        Hole::Word => text::push(out, word(scene.choice)),
        Hole::Uuid => text::uuid(out, [rng.next(), rng.next()]),
        Hole::Hex => {
            out.push(b'0');
            text::hex(out, rng.next(), 16);
        }
        Hole::Token => text::token(out, rng, 32),
        Hole::HostId => {
            text::base64(out, rng, 75);
            out.push(b'=');
        }
        Hole::SessionToken => text::base64(out, rng, 356),
        Hole::LongKey => key(out, "AKIA", rng),
        Hole::TemporaryKey => key(out, "ASIA", rng),
        Hole::Checksum => {
            text::base64(out, rng, 22);
            text::push(out, "==");
        }
    }
}

fn key(out: &mut Vec<u8>, prefix: &str, rng: &mut Rng) {
    text::push(out, prefix);
    text::base32(out, rng, 16);
}

fn word(choice: u64) -> &'static str {
    let at = scale(mix(choice, &[77]), WORDS.len() as u64) as usize;
    WORDS.get(at).copied().unwrap_or_default()
}

fn owned<'a>(pool: Pool, scene: &Scene<'a>) -> &'a str {
    let owned = scene.account.owned(pool);
    let at = favour(mix(scene.choice, &[pool as u64]), owned.len() as u64) as usize;
    owned.get(at).map(String::as_str).unwrap_or_default()
}

/// A key as programs choose them; the names of files are drawn from a long tail.
fn object_key(out: &mut Vec<u8>, scene: &Scene<'_>) {
    let mut rng = Rng::new(mix(scene.choice, &[99]));
    text::push(out, word(scene.choice));
    match rng.below(8) {
        0..4 => {
            text::push(out, "/dt=");
            text::day(out, text::calendar(scene.at_s), b'-');
            text::push(out, "/part-");
            text::decimal(out, 10_000 + rng.below(600));
            text::push(out, "-");
            text::hex(out, rng.next(), 8);
            text::push(out, ".parquet");
        }
        4..6 => {
            text::push(out, "/thumbnails/");
            text::hex(out, favour(rng.next(), 1 << 22), 8);
            text::push(out, "@2x.webp");
        }
        6 => {
            text::push(out, "/state/env:/production/");
            text::decimal(out, favour(rng.next(), 40));
            text::push(out, "/terraform.tfstate");
        }
        _ => {
            text::push(out, "/uploads/Rechnung für Büro ");
            text::decimal(out, favour(rng.next(), 9000));
            text::push(out, " \\u0026 Kopie.pdf");
        }
    }
}
