//! `load:` and `probe:` of a scenario.
//! Here: their figures, read and checked. Not here: pacing (bench) or scheduling (probe).

use std::time::Duration;

use super::Compiler;
use crate::language::{LoadSpec, ProbeSpec};
use crate::scenario::{Load, Probe};

impl Compiler<'_> {
    pub(super) fn load(&mut self, spec: &LoadSpec) -> Load {
        let at = "/load/arrivals";
        let rate_per_s = spec.arrivals.rate.parse().unwrap_or_else(|error| {
            self.error("scenario::rate", &format!("{at}/rate"), error.to_string(), error.help);
            1.0
        });
        let ramp = self.duration(spec.arrivals.ramp.as_ref(), &format!("{at}/ramp"), Duration::ZERO);
        let hold = self.duration(Some(&spec.arrivals.hold), &format!("{at}/hold"), Duration::ZERO);
        if hold.is_zero() {
            self.error(
                "scenario::load",
                &format!("{at}/hold"),
                "the rate is held for no time".to_owned(),
                "write at least `1s`",
            );
        }
        if spec.in_flight_max == 0 {
            self.error(
                "scenario::load",
                "/load/in_flight_max",
                "no run may be in flight".to_owned(),
                "write at least 1",
            );
        }
        Load {
            rate_per_s,
            ramp,
            hold,
            spread: spec.arrivals.spread.unwrap_or_default(),
            in_flight_max: usize::try_from(spec.in_flight_max).unwrap_or(usize::MAX),
            warm_up: self.duration(spec.warm_up.as_ref(), "/load/warm_up", ramp),
            lateness_max: spec
                .lateness_max
                .as_ref()
                .map(|text| self.duration(Some(text), "/load/lateness_max", Duration::ZERO)),
            drain: self.duration(spec.drain.as_ref(), "/load/drain", Duration::from_secs(30)),
        }
    }

    pub(super) fn probe(&mut self, spec: &ProbeSpec) -> Probe {
        let every = self.duration(Some(&spec.every), "/probe/every", Duration::from_secs(60));
        if every.is_zero() {
            self.error("scenario::probe", "/probe/every", "an interval of nothing".to_owned(), "write at least `1s`");
        }
        let jitter = self.duration(spec.jitter.as_ref(), "/probe/jitter", Duration::ZERO);
        if jitter > every {
            self.error(
                "scenario::probe",
                "/probe/jitter",
                "the jitter is longer than the interval".to_owned(),
                "write a jitter below `every`",
            );
        }
        let confirm = spec.confirm.as_ref().map(|confirm| {
            let tries = u32::try_from(confirm.tries).unwrap_or(u32::MAX);
            (tries, self.duration(Some(&confirm.after), "/probe/confirm/after", Duration::ZERO))
        });
        let alert = spec.alert.as_ref().map(|alert| {
            if alert.failing == 0 || alert.failing > alert.of {
                self.error(
                    "scenario::probe",
                    "/probe/alert",
                    format!("{} failing of {} can never be told", alert.failing, alert.of),
                    "write `failing` from 1 to `of`",
                );
            }
            (u32::try_from(alert.failing).unwrap_or(u32::MAX), u32::try_from(alert.of).unwrap_or(u32::MAX))
        });
        Probe { every, jitter, confirm, alert, slo: spec.slo.clone() }
    }
}
