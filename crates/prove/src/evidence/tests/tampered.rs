//! Bundles that were changed after they were written.

use testbed::Dice;

use super::has_tools;
use super::unpacked::Unpacked;
use super::world::World;

fn bundle() -> Unpacked {
    let mut world = World::new(6);
    world.cite(1, &[0]);
    world.cite(2, &[2]);
    world.unpack(2).0
}

#[test]
fn a_byte_changed_in_any_file_is_found() {
    if !has_tools("a_byte_changed_in_any_file_is_found") {
        return;
    }
    let (unpacked, mut dice) = (bundle(), Dice::new(7));
    assert_eq!(unpacked.verify().code, Some(0));
    for name in unpacked.names() {
        let whole = unpacked.read(name);
        for mask in [0x01, 0x20] {
            let mut changed = whole.clone();
            let at = dice.up_to(whole.len() as u64 - 1) as usize;
            changed[at] ^= mask;
            unpacked.write(name, &changed);
            let by_itself = unpacked.sh("sha256sum --strict -c SHA256SUMS").code;
            // Who changes the script can make it say anything: for it, the list of hashes is checked by hand.
            let checked = if name == "verify.sh" { by_itself } else { unpacked.verify().code };
            assert_eq!(checked, Some(1), "{name}, byte {at} ^ {mask:#x}");
        }
        unpacked.write(name, &whole);
    }
    assert_eq!(unpacked.verify().code, Some(0));
}

#[test]
fn the_script_that_was_changed_finds_it_itself_in_most_places() {
    if !has_tools("the_script_that_was_changed_finds_it_itself_in_most_places") {
        return;
    }
    let (unpacked, mut dice) = (bundle(), Dice::new(8));
    let whole = unpacked.read("verify.sh");
    for _ in 0..20 {
        let mut changed = whole.clone();
        let at = dice.up_to(whole.len() as u64 - 1) as usize;
        changed[at] ^= 0x01;
        unpacked.write("verify.sh", &changed);
        let checked = unpacked.verify();
        assert_ne!(checked.code, Some(0), "byte {at}:\n{}\n{}", checked.stdout, checked.stderr);
    }
}

/// The proof does not rest on the list of hashes.
#[test]
fn a_change_is_found_when_the_list_of_hashes_is_made_anew() {
    if !has_tools("a_change_is_found_when_the_list_of_hashes_is_made_anew") {
        return;
    }
    let unpacked = bundle();
    let rest = ["README.md", "verify.sh", "SHA256SUMS"];
    for name in unpacked.names().iter().filter(|name| !rest.contains(&name.as_str())) {
        let whole = unpacked.read(name);
        for changed in changes(name, &whole) {
            unpacked.write(name, &changed);
            unpacked.sum_again();
            let checked = unpacked.verify();
            assert_eq!(checked.code, Some(1), "{name}:\n{}\n{}", String::from_utf8_lossy(&changed), checked.stdout);
            assert!(checked.stdout.contains("\nNOT PROVEN"), "{}", checked.stdout);
        }
        unpacked.write(name, &whole);
    }
    unpacked.sum_again();
    assert_eq!(unpacked.verify().code, Some(0));
}

/// Ways to change a file that say something else: in binary files and documents a bit, in tables a cell.
fn changes(name: &str, whole: &[u8]) -> Vec<Vec<u8>> {
    if name.ends_with(".tsv") {
        return cells(whole);
    }
    let text = String::from_utf8_lossy(whole);
    let places = match name {
        _ if name.ends_with(".pem") => vec![100, whole.len() / 2],
        "keys/list-public-keys.json" => {
            vec![text.find("\"Value\"").unwrap() + 60, text.find("\"Fingerprint\"").unwrap() + 20]
        }
        _ => vec![0, whole.len() / 2, whole.len() - 1],
    };
    let flip = |at: usize| {
        let mut changed = whole.to_vec();
        changed[at] ^= 0x01;
        changed
    };
    places.into_iter().map(flip).collect()
}

/// Every cell of the first row changed in turn, but for `metadata`, which only tells.
fn cells(whole: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8(whole.to_vec()).unwrap();
    let row = text.lines().nth(1).unwrap();
    let count = row.split('\t').count();
    let mut all = Vec::new();
    for at in (0..count).filter(|at| row.split('\t').nth(*at) != Some("metadata")) {
        let mut changed: Vec<String> = row.split('\t').map(str::to_owned).collect();
        changed[at] = match changed[at].parse::<u64>() {
            Ok(number) => (number + 1).to_string(),
            // The newest digest is not followed by any.
            Err(_) if changed[at] == "-" => continue,
            Err(_) => changed[at].replace(['0', '1', '2', '3'], "9"),
        };
        all.push(text.replacen(row, &changed.join("\t"), 1).into_bytes());
    }
    all
}

#[test]
fn files_that_are_taken_out_or_put_in_are_found() {
    if !has_tools("files_that_are_taken_out_or_put_in_are_found") {
        return;
    }
    let unpacked = bundle();
    for name in unpacked.names().iter().filter(|name| *name != "README.md" && *name != "verify.sh") {
        let whole = unpacked.read(name);
        unpacked.remove(name);
        assert_eq!(unpacked.verify().code, Some(1), "{name}");
        if name != "SHA256SUMS" {
            unpacked.sum_again();
            assert_eq!(unpacked.verify().code, Some(1), "{name}, hidden");
        }
        unpacked.write(name, &whole);
        unpacked.sum_again();
    }
    unpacked.write("records/forged.json", b"{}");
    let sums = format!(
        "{}{}  records/forged.json\n",
        String::from_utf8(unpacked.read("SHA256SUMS")).unwrap(),
        hex::encode(seal::sha256(b"{}"))
    );
    unpacked.write("SHA256SUMS", sums.as_bytes());
    let checked = unpacked.verify();
    assert!(checked.stdout.contains("FAILED      records/forged.json: records.tsv does not name it"), "{}", checked.stdout);
    assert_eq!(checked.code, Some(1));
}

/// A log file that a digest names, under the entry of another one: the entry's own hash counts.
#[test]
fn an_entry_of_another_log_file_does_not_serve() {
    if !has_tools("an_entry_of_another_log_file_does_not_serve") {
        return;
    }
    let unpacked = bundle();
    let table = String::from_utf8(unpacked.read("logs.tsv")).unwrap();
    let row: Vec<&str> = table.lines().nth(1).unwrap().split('\t').collect();
    let (offset, length): (usize, usize) = (row[3].parse().unwrap(), row[4].parse().unwrap());
    let digest = String::from_utf8(unpacked.read(row[2])).unwrap();
    // From the entry before up to the end of its own: its hash and a key, but two of each.
    let before = digest[..offset].rfind('{').unwrap();
    let wide = [row[0], row[1], row[2], &before.to_string(), &(offset + length - before).to_string(), row[5], "\"other.json.gz\""];
    unpacked.write("logs.tsv", table.replacen(&row.join("\t"), &wide.join("\t"), 1).as_bytes());
    unpacked.sum_again();
    let checked = unpacked.verify();
    assert!(checked.stdout.contains("its hash does not stand beside its key"), "{}", checked.stdout);
    assert_eq!(checked.code, Some(1));
}
