#pragma once
// The whole HTTP interface as one table: read routes.cpp first.

#include <vector>

#include "adapters/commands/read_log.h"
#include "adapters/http/api/account_log.h"
#include "adapters/http/api/accounts.h"
#include "adapters/http/api/authenticators.h"
#include "adapters/http/api/challenges.h"
#include "adapters/http/api/cluster.h"
#include "adapters/http/api/connections.h"
#include "adapters/http/api/delivery_reports.h"
#include "adapters/http/api/events.h"
#include "adapters/http/api/hardware_tokens.h"
#include "adapters/http/api/introspection.h"
#include "adapters/http/api/licences.h"
#include "adapters/http/api/redemption.h"
#include "adapters/http/api/registration_codes.h"
#include "adapters/http/api/registrations.h"
#include "adapters/http/api/siem_destinations.h"
#include "adapters/http/api/status.h"
#include "adapters/http/api/users.h"
#include "adapters/http/api/verification.h"
#include "adapters/http/api/visual_codes.h"

namespace countersign::http {

struct Endpoints {
  Authentication& authentication;
  Reads& reads;
  Accounts& accounts;
  Users& users;
  RegistrationCodes& codes;
  Redemption& redemption;
  Connections& connections;
  Introspection& introspection;
  Authenticators& authenticators;
  Verification& verification;
  Challenges& challenges;
  DeliveryReports& delivery_reports;
  Licences& licences;
  HardwareTokens& hardware_tokens;
  Registrations& registrations;
  VisualCodes& visual_codes;
  Events& events;
  AccountLog& log;
  SiemDestinations& siem_destinations;
  Cluster& cluster;
  Status& status;
  operations::Operations& operations;
  commands::ReadLog& read_log;
};

/// The endpoints must outlive the routes.
std::vector<Route> routes(Endpoints endpoints);

}  // namespace countersign::http
