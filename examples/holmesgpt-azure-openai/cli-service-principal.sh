#!/bin/sh
# Step "Microsoft Entra" for the command line, with a service principal in place of `az login`.
set -e
export AZURE_AD_TOKEN_AUTH="true"
export AZURE_CLIENT_ID="your-client-id"
export AZURE_CLIENT_SECRET="your-client-secret"
export AZURE_TENANT_ID="your-tenant-id"
export AZURE_API_BASE="https://contoso-ai.openai.azure.com"
export AZURE_API_VERSION="2025-01-01-preview"

holmes-host ask "what pods are failing?" --model "azure/gpt-41"
