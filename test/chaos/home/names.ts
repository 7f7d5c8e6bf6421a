/** Names every service in its topics. */
export const ID = "chaos";
export const CAMERA = "desk";
export const MODEL = "letters";
export const LAMP = "lamp";
