export { BrokerConfig, UserName } from "./config.ts";
export { hashPassword, isPasswordHash, MAX_PASSWORD_BYTES, verifyPassword } from "./password.ts";
export { type BrokerHost, type BrokerService, createBrokerService } from "./service.ts";
