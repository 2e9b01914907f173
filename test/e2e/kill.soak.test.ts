// Twenty deploys killed at random moments, where an ordinary run kills three.
import { testKilledDeploys } from "./killed-deploy.ts";

testKilledDeploys("kills", 20);
