//! Paths are relative to the file that names them, wherever the process was started.

use std::path::{Path, PathBuf};

use super::Config;

impl Config {
    pub(super) fn relative_to(&mut self, folder: &Path) {
        let place = |path: &mut PathBuf| {
            if path.is_relative() {
                *path = folder.join(&*path);
            }
        };
        let maybe = |path: &mut Option<PathBuf>| {
            if let Some(path) = path {
                place(path);
            }
        };
        for issuer in &mut self.issuers {
            maybe(&mut issuer.jwks_file);
        }
        maybe(&mut self.service_key.directory);
        maybe(&mut self.service_key.private);
        maybe(&mut self.service_key.jwks_file);
        if let Some(tls) = &mut self.serve.tls {
            place(&mut tls.cert);
            place(&mut tls.key);
            maybe(&mut tls.client_ca);
        }
        maybe(&mut self.database.url_file);
        for service in self.database.services.values_mut() {
            maybe(&mut service.password_file);
        }
        if let Some(tls) = &mut self.peers.tls {
            place(&mut tls.ca);
            place(&mut tls.cert);
            place(&mut tls.key);
        }
        place(&mut self.secrets.page_tokens);
        maybe(&mut self.secrets.people_matching);
        if let Some(smtp) = &mut self.people.smtp {
            maybe(&mut smtp.ca);
            maybe(&mut smtp.password_file);
        }
        place(&mut self.ledger.key);
        place(&mut self.ledger.anchors);
        self.ledger.earlier_keys.iter_mut().for_each(place);
        self.consent.rule_packs.iter_mut().for_each(place);
        self.recovery.instruments.iter_mut().for_each(place);
        let attachments = &mut self.notes.attachments;
        attachments.settle();
        maybe(&mut attachments.folder);
        if let Some(s3) = &mut attachments.s3 {
            place(&mut s3.secret_access_key_file);
        }
    }
}
