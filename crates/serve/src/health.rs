//! `grpc.health.v1`, for each service and for the whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// Says whether a service serves. Once a drain has begun, nothing says SERVING any more.
#[derive(Debug, Clone, Default)]
pub struct Health {
    reporter: HealthReporter,
    draining: Arc<AtomicBool>,
}

impl Health {
    /// "" is the whole process.
    pub async fn set(&self, service: &str, serving: bool) {
        let serving = serving && !self.draining.load(Ordering::SeqCst);
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(service, status).await;
        // A drain that began in between must win.
        if serving && self.draining.load(Ordering::SeqCst) {
            self.reporter.set_service_status(service, ServingStatus::NotServing).await;
        }
    }

    pub(crate) async fn drain(&self, services: &[&'static str]) {
        self.draining.store(true, Ordering::SeqCst);
        for service in services.iter().chain([&""]) {
            self.set(service, false).await;
        }
    }

    pub(crate) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()))
    }
}
