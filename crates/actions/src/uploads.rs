//! Files that wait between their preview and their import.
//!
//! Each lies in one folder under a name that nobody can guess, and only who uploaded it finds it again: the name begins
//! with the company and the user. They are private to the process's user, few per company, and go after a day.

use crate::error::{Error, Result};
use domain::{ids::CompanyId, text::clean, time::Moment, viewer::Viewer};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use store::Store;

/// How much may wait, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// The largest file.
    pub bytes_max: u64,
    /// How many files of a company may wait at once.
    pub waiting_max: usize,
    /// How long a file waits.
    pub age_max_ms: i64,
}

impl Default for UploadLimits {
    fn default() -> UploadLimits {
        UploadLimits { bytes_max: 256 << 20, waiting_max: 20, age_max_ms: 24 * 3_600_000 }
    }
}

/// The longest file name that is kept; more of it is cut off.
const FILE_NAME_CHARS_MAX: usize = 200;

/// The folder of the waiting files.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
    limits: UploadLimits,
    /// Where there is no folder beside the database: gone with the process.
    _temporary: Option<tempfile::TempDir>,
}

/// What names a waiting file, beside its company and its user: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadToken(String);

impl UploadToken {
    /// Reads one from an address. None: it cannot be one.
    pub fn parse(text: &str) -> Option<UploadToken> {
        let is_one = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_one.then(|| UploadToken(text.to_owned()))
    }

    fn new() -> Result<UploadToken> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::Fault(format!("the system has no randomness: {error}")))?;
        Ok(UploadToken(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// As it stands in an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A file that waits, opened.
#[derive(Debug)]
pub struct Waiting {
    /// The bytes, from the beginning.
    pub file: File,
    /// Its name on the machine it came from.
    pub file_name: String,
    /// How large it is.
    pub bytes: u64,
}

/// A file that somebody imports, so that nobody else does. It waits again when this is dropped, whatever ended the
/// import, unless it was told to be done with.
#[derive(Debug)]
pub struct Taken {
    /// The file.
    pub waiting: Waiting,
    path: PathBuf,
    is_done: bool,
}

impl Uploads {
    /// Files wait beside the embedded database, where there is room for them and a restart does not lose them; with a
    /// PostgreSQL server in a temporary folder of this process.
    pub fn beside(store: &Store, limits: UploadLimits) -> Result<Uploads> {
        if let Some(folder) = store.folder() {
            return Uploads::within(folder.join("uploads"), limits);
        }
        let temporary = tempfile::Builder::new().prefix("evenhand-uploads-").tempdir();
        let temporary = temporary.map_err(|error| cannot(&std::env::temp_dir(), &error))?;
        Ok(Uploads { folder: temporary.path().to_owned(), limits, _temporary: Some(temporary) })
    }

    /// Files wait in this folder, which is made if need be.
    pub fn within(folder: PathBuf, limits: UploadLimits) -> Result<Uploads> {
        let mut maker = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
        match maker.create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(cannot(&folder, &error)),
            _ => Ok(Uploads { folder, limits, _temporary: None }),
        }
    }

    /// What may wait.
    pub fn limits(&self) -> UploadLimits {
        self.limits
    }

    /// Begins to take a file in. What is too old goes first.
    pub fn begin(
        &self,
        company: CompanyId,
        viewer: Viewer,
        file_name: &str,
        now: Moment,
    ) -> Result<Uploading> {
        self.sweep(now)?;
        self.make_place(company, viewer)?;
        let token = UploadToken::new()?;
        let path = self.path(company, viewer, &token);
        // A browser may send a whole path; what comes after the last separator is the name.
        let name = file_name.rsplit(['/', '\\']).next().map(clean).unwrap_or_default();
        let name: String = name.chars().take(FILE_NAME_CHARS_MAX).collect();
        create(&path.with_extension("name"))
            .and_then(|mut file| file.write_all(name.as_bytes()))
            .map_err(|error| cannot(&self.folder, &error))?;
        let part = path.with_extension("part");
        let file = create(&part).map_err(|error| cannot(&self.folder, &error))?;
        Ok(Uploading { file, part, path, token, bytes: 0, bytes_max: self.limits.bytes_max, kept: false })
    }

    /// Where as many files of the company wait as may, the oldest one of this person goes: it was looked at and left.
    fn make_place(&self, company: CompanyId, viewer: Viewer) -> Result<()> {
        let (ours, own) = (format!("{company}-"), own_prefix(company, viewer));
        let mut waiting = 0;
        let mut oldest: Option<(SystemTime, PathBuf)> = None;
        self.each(|path, name| {
            if !name.starts_with(&ours) || has_extension(path, "name") {
                return Ok(());
            }
            waiting += 1;
            if name.starts_with(&own) && has_extension(path, "upload") {
                let Ok(at) = fs::metadata(path).and_then(|facts| facts.modified()) else { return Ok(()) };
                if oldest.as_ref().is_none_or(|(before, _)| at < *before) {
                    oldest = Some((at, path.to_owned()));
                }
            }
            Ok(())
        })?;
        match oldest {
            _ if waiting < self.limits.waiting_max => Ok(()),
            Some((_, path)) => {
                remove(&path);
                Ok(())
            }
            None => Err(Error::Refused(format!(
                "{waiting} uploaded files of your colleagues wait for their import already; ask them to import or cancel one of them, or wait: each goes after {} hours",
                self.limits.age_max_ms / 3_600_000
            ))),
        }
    }

    /// Opens a file that waits. None: there is none of this name for this user, or it waited too long.
    pub fn open(&self, company: CompanyId, viewer: Viewer, token: &UploadToken) -> Result<Option<Waiting>> {
        let path = self.path(company, viewer, token);
        match Waiting::at(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some).map_err(|error| cannot(&path, &error)),
        }
    }

    /// The same for its import: nobody else finds it until it is put back. None also if somebody has it. It is as good
    /// as new from now on, so that it does not go in the middle of its import.
    pub fn take(
        &self,
        company: CompanyId,
        viewer: Viewer,
        token: &UploadToken,
        now: Moment,
    ) -> Result<Option<Taken>> {
        let path = self.path(company, viewer, token);
        let taken = path.with_extension("taken");
        match fs::rename(&path, &taken) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            renamed => renamed.map_err(|error| cannot(&path, &error))?,
        }
        let opened = Waiting::at(&taken).and_then(|waiting| {
            let at = UNIX_EPOCH + Duration::from_millis(now.0.unsigned_abs());
            waiting.file.set_modified(at)?;
            File::open(taken.with_extension("name"))?.set_modified(at)?;
            Ok(waiting)
        });
        match opened {
            Ok(waiting) => Ok(Some(Taken { waiting, path: taken, is_done: false })),
            Err(error) => {
                let _ = fs::rename(&taken, &path);
                Err(cannot(&taken, &error))
            }
        }
    }

    /// Throws a file away; as well if it is not there.
    pub fn discard(&self, company: CompanyId, viewer: Viewer, token: &UploadToken) {
        remove(&self.path(company, viewer, token));
    }

    /// Throws away what has waited too long, also what a process left behind that died.
    pub fn sweep(&self, now: Moment) -> Result<()> {
        self.each(|path, _| {
            let changed = fs::metadata(path).and_then(|facts| facts.modified());
            let Ok(changed) = changed else { return Ok(()) }; // somebody else has just removed it
            let at_ms = changed.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
            if now.0 - at_ms > self.limits.age_max_ms {
                let _ = fs::remove_file(path);
            }
            Ok(())
        })
    }

    fn each(&self, mut see: impl FnMut(&Path, &str) -> io::Result<()>) -> Result<()> {
        fs::read_dir(&self.folder)
            .and_then(|mut entries| {
                entries.try_for_each(|entry| {
                    let path = entry?.path();
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    see(&path, &name)
                })
            })
            .map_err(|error| cannot(&self.folder, &error))
    }

    fn path(&self, company: CompanyId, viewer: Viewer, token: &UploadToken) -> PathBuf {
        self.folder.join(format!("{}{}.upload", own_prefix(company, viewer), token.0))
    }
}

impl Waiting {
    fn at(path: &Path) -> io::Result<Waiting> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let file_name = fs::read_to_string(path.with_extension("name")).unwrap_or_default();
        let file_name = if file_name.is_empty() { "leads.csv".to_owned() } else { file_name };
        Ok(Waiting { file, file_name, bytes })
    }
}

impl Taken {
    /// Its import is done.
    pub fn forget(mut self) {
        self.is_done = true;
        remove(&self.path);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = fs::rename(&self.path, self.path.with_extension("upload"));
        }
    }
}

/// A file on its way in; gone unless it is finished.
#[derive(Debug)]
pub struct Uploading {
    file: File,
    part: PathBuf,
    path: PathBuf,
    token: UploadToken,
    bytes: u64,
    bytes_max: u64,
    kept: bool,
}

impl Uploading {
    /// Takes the next piece, as large as a network packet or some: it goes to the system's cache, so this is quick.
    pub fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.bytes_max {
            return Err(Error::refused(crate::lead_file::FileError::TooLarge { bytes_max: self.bytes_max }));
        }
        self.file.write_all(piece).map_err(|error| cannot(&self.part, &error))
    }

    /// The file is whole and waits from now on.
    pub fn finish(mut self) -> Result<UploadToken> {
        fs::rename(&self.part, &self.path).map_err(|error| cannot(&self.path, &error))?;
        self.kept = true;
        Ok(self.token.clone())
    }
}

impl Drop for Uploading {
    fn drop(&mut self) {
        if !self.kept {
            remove(&self.part);
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The file and the one that keeps its name.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
    let _ = fs::remove_file(path.with_extension("name"));
}

/// What the names of a person's files begin with.
fn own_prefix(company: CompanyId, viewer: Viewer) -> String {
    format!("{company}-{}-", viewer.actor().map_or(0, |user| user.0))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn cannot(path: &Path, error: &io::Error) -> Error {
    Error::Fault(format!("the uploaded file could not be kept in {}: {error}", path.display()))
}
