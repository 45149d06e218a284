#include "bus/kafka_advice.h"

#include <algorithm>
#include <array>

#include "bus/kafka_client.h"

namespace countersign::bus {
namespace {

struct Advice {
  std::string_view words;  ///< that librdkafka says
  const char* advice;
};

constexpr std::array on_connections{
    Advice{"certificate verify failed", "; ssl.ca.location must name the authority of the brokers' certificates"},
    Advice{"alert bad certificate",
           "; the brokers want a certificate of their authority's: check security.protocol, "
           "ssl.certificate.location and ssl.key.location"},
    Advice{"alert certificate required",
           "; the brokers want a certificate: check security.protocol, "
           "ssl.certificate.location and ssl.key.location"},
    Advice{"alert certificate unknown", "; the brokers don't trust the certificate of ssl.certificate.location"},
    Advice{"alert unknown ca", "; the brokers don't trust the certificate of ssl.certificate.location"},
    Advice{"unexpected eof", "; check security.protocol: maybe these brokers don't speak TLS at this port"},
    Advice{"wrong version number", "; check security.protocol: maybe these brokers don't speak TLS at this port"},
    Advice{"mechanism handshake failed", "; check sasl.mechanism"}};

/// Before that release it answers brokers of Kafka 4 wrongly (confluentinc/librdkafka#4895).
bool scram_fails_on_kafka_4() {
  constexpr int mended = 0x020601ff;
  return rd_kafka_version() < mended;
}

}  // namespace

std::string advice_on(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: return "; set max.message.bytes of the topic to 1000000 or more";
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return "; start the brokers that hold the partition's other replicas";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "; the user lacks a right: nodes need Read, Write and DescribeConfigs on the topics and Read on the "
             "groups, cluster init needs Create and DescribeConfigs on the topics, who only reads needs Read";
    default: break;
  }
  switch (errc_of(error)) {
    case errc::unreachable: return "; check that the brokers run and can be reached from here";
    case errc::unknown_topic: return "; create the topics, or check topic_prefix and the number of partitions";
    case errc::not_permitted: return "; check sasl.username, sasl.password and sasl.mechanism";
    default: return {};
  }
}

std::string advice_on_connection(std::string_view said) {
  if (said.find("SASL authentication error") != said.npos) {
    std::string advice = "; check sasl.username and sasl.password";
    if (said.find("SCRAM") != said.npos && scram_fails_on_kafka_4()) {
      advice.append("; with brokers of Kafka 4 SCRAM takes librdkafka 2.6.1 or newer, and this is ")
          .append(rd_kafka_version_str())
          .append(": there use sasl.mechanism=PLAIN or certificates");
    }
    return advice;
  }
  if (said.find("idempotence PID") != said.npos)
    return advice_on(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);  // they ask for Write on any topic
  const auto found = std::find_if(on_connections.begin(), on_connections.end(),
                                  [&](const Advice& known) { return said.find(known.words) != said.npos; });
  return found == on_connections.end() ? "" : found->advice;
}

bool names_wrong_protocol(std::string_view said) {
  return said.find("incorrect security.protocol") != said.npos;
}

}  // namespace countersign::bus
