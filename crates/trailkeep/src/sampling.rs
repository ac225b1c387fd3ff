//! Writes the sample organization as files in AWS's layout.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use sample::{Delivery, Plan, Totals};

use crate::exit::Failure;

/// Log files between two calls of the watcher.
const TELL_EVERY: u64 = 500;
/// Log files that wait to be written.
const WAITING_MAX: usize = 1_024;

/// Writes all deliveries of a plan under a folder, made by one thread and written by another; tells the watcher how many
/// records are written.
pub fn write(plan: &Plan, folder: &Path, mut watch: impl FnMut(u64)) -> Result<Totals, Failure> {
    let (sender, receiver) = sync_channel::<Delivery>(WAITING_MAX);
    std::thread::scope(|scope| {
        let making = scope.spawn(move || {
            let mut deliveries = plan.deliveries();
            for delivery in deliveries.by_ref() {
                // The writer has failed and says why.
                if sender.send(delivery).is_err() {
                    break;
                }
            }
            deliveries.totals().clone()
        });
        let mut writer = Writer { folder, made: None };
        let (mut files, mut records) = (0_u64, 0_u64);
        for delivery in receiver {
            writer.write(&delivery)?;
            files += 1;
            records += u64::from(delivery.records);
            if files.is_multiple_of(TELL_EVERY) {
                watch(records);
            }
        }
        making.join().map_err(|_| Failure::failed("the generator of the sample stopped", "report this, with the command you ran"))
    })
}

/// Writes files, and the folders that they need.
struct Writer<'a> {
    folder: &'a Path,
    /// The folder that was made last.
    made: Option<PathBuf>,
}

impl Writer<'_> {
    fn write(&mut self, delivery: &Delivery) -> Result<(), Failure> {
        let path = self.folder.join(&delivery.key);
        let parent = path.parent().map(Path::to_path_buf);
        if let Some(parent) = parent.filter(|parent| self.made.as_ref() != Some(parent)) {
            fs::create_dir_all(&parent).map_err(Failure::io(format!("making the folder `{}`", parent.display())))?;
            self.made = Some(parent);
        }
        fs::write(&path, &delivery.body).map_err(Failure::io(format!("writing `{}`", path.display())))
    }
}
