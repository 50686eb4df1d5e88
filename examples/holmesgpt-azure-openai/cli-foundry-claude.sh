#!/bin/sh
# Page "Microsoft Foundry", step "Claude": the Messages API of a Foundry resource.
set -e
export AZURE_API_BASE="https://contoso-foundry.services.ai.azure.com/anthropic"

# With a key of the resource.
AZURE_API_KEY="your-azure-api-key" holmes-host ask "what pods are failing?" --model "anthropic/claude-sonnet-prod"

# With Entra; AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID, or `az login`.
export AZURE_AD_TOKEN_AUTH="true"
holmes-host ask "what pods are failing?" --model "anthropic/claude-sonnet-prod"
