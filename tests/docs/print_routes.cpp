// Prints the server's route table, one JSON object a line, for openapi_test.py. The endpoints are never called: the
// table only keeps references to them.

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "adapters/http/api/routes.h"
#include "domain/event_catalogue.h"

namespace {

using namespace countersign;

/// Room for an object whose life never begins.
template <class Object>
Object& unborn() {
  static const auto room = std::make_unique<std::aligned_storage_t<sizeof(Object), alignof(Object)>>();
  return *reinterpret_cast<Object*>(room.get());
}

boost::json::array roles_of(const http::Route& route) {
  boost::json::array names;
  if (route.roles & http::public_route) names.emplace_back("public");
  for (unsigned bit = 0; bit < 31; ++bit) {
    const auto role = static_cast<domain::Role>(bit);
    if (route.roles & domain::role_bit(role)) names.emplace_back(domain::role_text(role));
  }
  return names;
}

}  // namespace

int main() {
  const auto table = http::routes({unborn<http::Authentication>(),
                                   unborn<http::Reads>(),
                                   unborn<http::Accounts>(),
                                   unborn<http::Users>(),
                                   unborn<http::RegistrationCodes>(),
                                   unborn<http::Redemption>(),
                                   unborn<http::Connections>(),
                                   unborn<http::Introspection>(),
                                   unborn<http::Authenticators>(),
                                   unborn<http::Verification>(),
                                   unborn<http::Challenges>(),
                                   unborn<http::DeliveryReports>(),
                                   unborn<http::Licences>(),
                                   unborn<http::HardwareTokens>(),
                                   unborn<http::Registrations>(),
                                   unborn<http::VisualCodes>(),
                                   unborn<http::Events>(),
                                   unborn<http::AccountLog>(),
                                   unborn<http::SiemDestinations>(),
                                   unborn<http::Cluster>(),
                                   unborn<http::Status>(),
                                   unborn<operations::Operations>(),
                                   unborn<commands::ReadLog>()});
  for (const auto& route : table) {
    auto path = route.path;
    if (path.ends_with("*}")) path.erase(path.size() - 2, 1);  // OpenAPI has no parameter that spans slashes
    std::cout << boost::json::object{{"verb", text_of(route.verb)},
                                     {"path", path},
                                     {"operation", route.operation},
                                     {"roles", roles_of(route)},
                                     {"query", boost::json::value_from(route.query)},
                                     {"accepts", boost::json::value_from(route.accepts)}}
              << '\n';
  }
}
