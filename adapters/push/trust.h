#pragma once
// TLS from our side: whom a receiver trusts and who it is to the other. TLS 1.2 at least, the other's certificate
// always checked, with its name.

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "adapters/push/transport.h"

namespace countersign::push {

/// Throws ReceiverFlaw.
std::shared_ptr<boost::asio::ssl::context> trust_of(const Receiver& receiver);

/// What OpenSSL says about a handshake that failed, e.g. "certificate verify failed: self-signed certificate".
std::string handshake_failure(SSL* connection, const boost::system::error_code& error);

}  // namespace countersign::push
