#include "adapters/queries/policy_rendering.h"

#include <boost/json/array.hpp>

namespace countersign::queries {
namespace {

namespace json = boost::json;

json::value seconds_or_null(std::uint64_t seconds) {
  return seconds == 0 ? json::value(nullptr) : json::value(seconds);
}

json::array texts(const std::vector<std::string>& all) {
  return json::array(all.begin(), all.end());
}

}  // namespace

json::object render_policy(const domain::Provisioning& policy) {
  json::object limits, names;
  for (const auto& limit : policy.max_authenticators) limits[limit.type] = limit.maximum;
  for (const auto& named : policy.authenticator_type_names) names[named.type] = named.name;
  return {
      {"method", domain::fb::EnumNameMethod(policy.method)},
      {"code_validity",
       {{"value", policy.code_validity_value}, {"unit", domain::fb::EnumNameValidityUnit(policy.code_validity_unit)}}},
      {"invitation",
       {{"send_to_created", policy.send_to_created},
        {"send_to_imported", policy.send_to_imported},
        {"notify_disabled", policy.notify_disabled}}},
      {"max_authenticators", std::move(limits)},
      {"allowed_authenticators", texts(policy.allowed_authenticators)},
      {"authenticator_type_names", std::move(names)},
      {"mfa_exempt_authenticators", texts(policy.mfa_exempt_authenticators)},
      {"access_token_validity", seconds_or_null(policy.access_token_validity_seconds)},
      {"session_lifetime", seconds_or_null(policy.session_lifetime_seconds)}};
}

}  // namespace countersign::queries
