#pragma once
// A portrait taken apart: each object by its id, with its fields by their paths, so that two portraits can be held
// against each other.

#include <boost/json.hpp>
#include <map>
#include <string>

namespace countersign::replay {

struct PortraitObject {
  std::string kind;                                  ///< "account", "user", "registration_code" ...
  std::string user;                                  ///< whose it is; empty: nobody's
  std::map<std::string, boost::json::value> fields;  ///< "provisioning.code_validity.value": 7
};

/// By id.
std::map<std::string, PortraitObject> objects_of(const boost::json::object& portrait);

}  // namespace countersign::replay
