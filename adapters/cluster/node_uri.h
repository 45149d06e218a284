#pragma once
// A node's name as its certificate has it: "countersign-node:" and the node's id, percent-encoded (RFC 3986), because
// an id may hold anything.

#include <string>
#include <string_view>

#include "adapters/http/server/request.h"

namespace countersign::cluster {

inline constexpr std::size_t most_node_id_bytes = 255;

std::string node_uri(std::string_view node);
/// The id again; empty for anything else.
std::string node_of(std::string_view uri);

/// Whether a request came over a connection whose other end has shown the certificate of a node of this cluster.
bool is_from_node(const http::Request& request);

}  // namespace countersign::cluster
