#pragma once
// What to do about what librdkafka and the brokers say, for the person who set them up: as ends of sentences, "; check
// this", or nothing where their own words are enough.

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

namespace countersign::bus {

std::string advice_on(rd_kafka_resp_err_t error);
/// On why a connection failed, in librdkafka's words.
std::string advice_on_connection(std::string_view said);
/// Only an information to librdkafka, but all that it says when it speaks plain text to brokers that want TLS.
bool names_wrong_protocol(std::string_view said);

}  // namespace countersign::bus
