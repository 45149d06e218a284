#pragma once
// All endpoints of a node, made of its parts.

#include "tools/countersignd/node.h"

namespace countersign::server {

struct Node::Api {
  http::Authentication authentication;
  http::Reads reads;
  http::Writes writes;
  http::Accounts accounts;
  http::Users users;
  http::RecentRefusals recent_refusals;
  http::RegistrationCodes codes;
  http::Redemption redemption;
  http::Connections connections;
  http::Introspection introspection;
  http::Authenticators authenticators;
  http::Verification verification;
  http::Challenges challenges;
  http::DeliveryReports delivery_reports;
  http::Licences licences;
  http::HardwareTokens hardware_tokens;
  http::Registrations registrations;
  http::VisualCodes visual_codes;
  http::Events events;
  http::AccountLog log;
  http::SiemDestinations siem_destinations;
  http::Cluster cluster;
  http::Status status;

  static otp::Seeds seeds_of(Node& n) {
    return otp::Seeds(*n.keys_,
                      [&n](auto account, auto authenticator) { n.steward_->deleted(account, authenticator); });
  }
  static http::MessageWays ways_of(Node& n) { return {*n.outbox_, n.numbers_}; }
  static domain::MessageLimits message_limits_of(const Settings& settings) {
    return {static_cast<domain::UnixMs>(settings.message_pause_s) * 1'000,
            static_cast<std::uint32_t>(settings.messages_per_hour)};
  }
  Api(Node& n, const domain::Digest& root_key, http::StatusPorts ports, http::ClusterPorts cluster_ports)
      : authentication(*n.published_, *n.partitions_, *n.submitter_, *n.lookup_, n.refusals_, n.key_use_, root_key,
                       [&n] { return n.now(); }),
        reads(*n.published_, *n.views_, *n.partitions_, *n.opener_, *n.lookup_, [&n] { return n.now(); }),
        writes(*n.submitter_, *n.published_, *n.lookup_, *n.partitions_),
        accounts(reads, writes, *n.keys_, authentication, false),
        users(reads, writes, *n.keys_, *n.operations_),
        codes(reads, writes, *n.operations_, recent_refusals),
        redemption(reads, writes, *n.limits_, recent_refusals),
        connections(reads, writes, n.activity_),
        introspection(reads, writes, n.activity_),
        authenticators(reads, writes, seeds_of(n), ways_of(n)),
        verification(reads, writes, authenticators, seeds_of(n), n.refusals_),
        challenges(reads, writes, ways_of(n), message_limits_of(n.settings_), *n.challenge_limits_, n.refusals_),
        delivery_reports(reads, writes, n.reports_),
        licences(reads, writes),
        hardware_tokens(reads, writes, authenticators, *n.keys_, *n.operations_),
        registrations(reads, writes, authenticators, seeds_of(n)),
        events(reads, writes, *n.event_index_, n.names_, [&n](domain::AccountId a) { return n.checkpoint_of(a); }),
        log(reads, *n.notary_),
        siem_destinations(reads, writes, *n.keys_, *n.exporter_, n.egress_),
        cluster(reads, writes, std::move(cluster_ports)),
        status(reads, *n.event_index_, *n.notary_, *n.exporter_, std::move(ports)) {}

  void stop() {
    reads.stop();
    writes.stop();
  }

  std::vector<http::Route> routes(operations::Operations& operations, commands::ReadLog& read_log) {
    return http::routes({authentication,    reads,           accounts,       users,        codes,      redemption,
                         connections,       introspection,   authenticators, verification, challenges, delivery_reports,
                         licences,          hardware_tokens, registrations,  visual_codes, events,     log,
                         siem_destinations, cluster,         status,         operations,   read_log});
  }
};

}  // namespace countersign::server
