//! Certificates and keys in files, and files that are looked at again: what is new is used from the
//! next handshake on, and what is bad is told and not used.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::Error;

/// Of one file. A chain, or a bundle of authorities, is a few KiB.
const LARGEST: u64 = 1024 * 1024;

/// PEM files.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub cert: PathBuf,
    pub key: PathBuf,
    /// The authorities that the other end is trusted by.
    pub authorities: Option<PathBuf>,
}

/// What the files held at one moment.
pub(crate) struct Contents<'a> {
    files: &'a Files,
    cert: Vec<u8>,
    key: Vec<u8>,
    authorities: Option<Vec<u8>>,
}

impl Files {
    fn read(&self) -> Result<Contents<'_>, Error> {
        let authorities = self.authorities.as_deref().map(read).transpose()?;
        let key = read_as(&self.key, true)?;
        Ok(Contents { files: self, cert: read(&self.cert)?, key, authorities })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    read_as(path, false)
}

/// `secret`: whoever may read it can be the service.
fn read_as(path: &Path, secret: bool) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|why| Error::tls(path, why))?;
    let mode = file.metadata().map_err(|why| Error::tls(path, why))?.permissions().mode();
    if secret && mode & 0o007 != 0 {
        return Err(Error::tls(path, "everybody may read it: chmod o-rwx"));
    }
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|why| Error::tls(path, why))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::tls(path, "is larger than 1 MiB"));
    }
    Ok(bytes)
}

impl Contents<'_> {
    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [Some(&self.cert), Some(&self.key), self.authorities.as_ref()] {
            let part = part.map(Vec::as_slice).unwrap_or_default();
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }

    pub fn chain(&self) -> Result<Vec<CertificateDer<'static>>, Error> {
        certificates(&self.files.cert, &self.cert)
    }

    pub fn key(&self) -> Result<PrivateKeyDer<'static>, Error> {
        PrivateKeyDer::from_pem_slice(&self.key).map_err(|e| Error::tls(&self.files.key, e))
    }

    /// The authorities and their file, where there is one.
    pub fn authorities(&self) -> Result<Option<(&Path, Arc<RootCertStore>)>, Error> {
        let (Some(path), Some(pem)) = (&self.files.authorities, &self.authorities) else {
            return Ok(None);
        };
        let mut roots = RootCertStore::empty();
        for authority in certificates(path, pem)? {
            roots.add(authority).map_err(|e| Error::tls(path, e))?;
        }
        Ok(Some((path, Arc::new(roots))))
    }

    /// An error about the certificate itself, or about the two together.
    pub fn bad(&self, why: impl ToString) -> Error {
        Error::tls(&self.files.cert, why)
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|e| Error::tls(path, e))?;
    if found.is_empty() {
        return Err(Error::tls(path, "holds no certificate"));
    }
    Ok(found)
}

/// What was made from files, of the last time that they were good.
pub(crate) struct Current<T>(Arc<ArcSwap<T>>);

impl<T: Send + Sync + 'static> Current<T> {
    /// Reads now, or fails. Then looks again every so often, as long as this is there. To be called
    /// in a runtime.
    pub fn of(
        files: Files,
        every: Duration,
        make: impl Fn(&Contents<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let contents = files.read()?;
        let mut seen = contents.digest();
        let current = Arc::new(ArcSwap::from_pointee(make(&contents)?));
        drop(contents);
        let held = Arc::downgrade(&current);
        let shared = Arc::new((files, make));
        tokio::spawn(async move {
            let mut turns = interval_at(Instant::now() + every, every);
            turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut told = None;
            loop {
                turns.tick().await;
                let Some(current) = held.upgrade() else { return };
                let look = Arc::clone(&shared);
                let looked = tokio::task::spawn_blocking(move || {
                    let (files, make) = &*look;
                    let contents = files.read()?;
                    let digest = contents.digest();
                    let new = (digest != seen).then(|| make(&contents)).transpose()?;
                    Ok::<_, Error>((digest, new))
                });
                let file = shared.0.cert.display();
                let looked = match looked.await {
                    Ok(looked) => looked.map_err(|why| why.to_string()),
                    // What a parser chokes on is as bad as what it refuses.
                    Err(why) if why.is_panic() => Err(format!("{file}: a parser panicked")),
                    // The runtime is ending.
                    Err(_) => return,
                };
                match looked {
                    Ok((digest, new)) => {
                        if let Some(new) = new {
                            current.store(Arc::new(new));
                            tracing::info!(target: "trellis", %file, "new certificates are in use");
                        }
                        (seen, told) = (digest, None);
                    }
                    Err(why) => {
                        if told.as_ref() != Some(&why) {
                            tracing::error!(
                                target: "trellis", alarm = "bad certificate", %why,
                                "new certificates can't be used: the old ones stay in use"
                            );
                            told = Some(why);
                        }
                    }
                }
            }
        });
        Ok(Self(current))
    }

    pub fn get(&self) -> Arc<T> {
        self.0.load_full()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_parser_that_panics_does_not_end_the_look_at_certificates() {
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = (dir.path().join("cert"), dir.path().join("key"));
        for path in [&cert, &key] {
            write(path, "good").unwrap();
            set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        }
        let files = Files { cert: cert.clone(), key, authorities: None };
        let choked = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&choked);
        let current = Current::of(files, Duration::from_millis(5), move |contents| {
            if contents.cert == b"bad" {
                seen.store(true, Ordering::SeqCst);
                panic!("a parser choked");
            }
            Ok(contents.cert.clone())
        });
        let current = current.unwrap();
        let follow = async {
            write(&cert, "bad").unwrap();
            while !choked.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            write(&cert, "new").unwrap();
            while *current.get() != b"new" {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), follow).await.unwrap();
    }
}
